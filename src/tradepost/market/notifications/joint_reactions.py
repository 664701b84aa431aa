"""Who is told of the sync of enterprises with applications: the buyer decides, the seller is told (openapi-jointkit §A.5)."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import translation

from tradepost.market.applications.events import AuthorisationWithdrawn, EnterpriseBound, SyncDelayed, SyncStopped
from tradepost.market.applications.models import Sync, TenantBinding
from tradepost.market.base.events import on

from . import facts as f
from .reactions import people_of
from .tell import Telling, tell_all


def on_enterprise_bound(event: EnterpriseBound, now: datetime) -> None:
    binding = _binding(event.binding)
    tell_all(_to_buyer(binding, "enterprise_bound", _shared(binding), f"{binding.pk}"), now=now)


def on_sync_delayed(event: SyncDelayed, now: datetime) -> None:
    """The first failure: calls are retried."""
    _tell_of_failure(event, "sync_delayed", now)


def on_sync_stopped(event: SyncStopped, now: datetime) -> None:
    """Retries are over."""
    _tell_of_failure(event, "sync_stopped", now)


def _tell_of_failure(event: SyncDelayed | SyncStopped, kind: str, now: datetime) -> None:
    run, binding = Sync.objects.select_related("call").get(pk=event.sync), _binding(event.binding)
    call = run.call
    once = f"{run.pk} {event.at:%Y%m%d%H%M%S}"
    with translation.override(None):
        what = str(Sync.Kind(run.kind).label)
    reason = f.verdict(call.last_verdict, call.protocol) if call else f.phrase(run.note)
    shared = {**_shared(binding), "what": f.phrase(what), "reason": reason}
    if kind == "sync_delayed":
        shared["until"] = f.moment(run.give_up_at or now)
    to_seller = [
        Telling(
            user=user, kind=f"seller_{kind}", facts=shared, once=once, contact=contact, seller=binding.application.seller_id,
            link=reverse("seller_center:application", args=[binding.application_id]),
        )
        for user, contact in people_of(binding.application.seller)
    ]  # fmt: skip
    tell_all([*_to_buyer(binding, kind, shared, once), *to_seller], now=now)


def _to_buyer(binding: TenantBinding, kind: str, facts: dict[str, f.Json | str], once: str) -> list[Telling]:
    """A seller's test enterprise has no buyer."""
    if binding.subscription is None:
        return []
    link = reverse("storefront:enterprise_application", args=[binding.enterprise.code, binding.pk])
    return [Telling(user=binding.subscription.buyer, kind=kind, facts=facts, once=once, link=link)]


def _shared(binding: TenantBinding) -> dict[str, f.Json | str]:
    return {"enterprise": binding.enterprise.name, "application": binding.application.name}


def _binding(pk: int) -> TenantBinding:
    return TenantBinding.objects.select_related("enterprise", "application__seller", "subscription__buyer").get(pk=pk)


REACTIONS = (
    on(EnterpriseBound, on_enterprise_bound),
    on(SyncDelayed, on_sync_delayed),
    on(SyncStopped, on_sync_stopped),
    on(AuthorisationWithdrawn),
)
"""A part of ``wiring``'s table. Whoever is withdrawn signs in no more: that is looked at with each request (``auth_centre``)."""
