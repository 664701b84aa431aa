"""Who is told of the sync of enterprises with applications: the buyer decides, the seller is told (openapi-jointkit §A.5)."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import translation

from tradepost.market.applications.events import EnterpriseBound, SyncDelayed, SyncStopped
from tradepost.market.applications.models import Sync, TenantBinding

from . import facts as f
from .people import people_of
from .tell import AddressedNotice, send_notices


def on_enterprise_bound(event: EnterpriseBound, now: datetime) -> None:
    binding = _binding(event.binding)
    send_notices(_buyer_notices(binding, "enterprise_bound", _shared_facts(binding), f"{binding.pk}"), now=now)


def on_sync_delayed(event: SyncDelayed, now: datetime) -> None:
    """The first failure: calls are retried."""
    _notify_of_failure(event, "sync_delayed", now)


def on_sync_stopped(event: SyncStopped, now: datetime) -> None:
    """Retries are over."""
    _notify_of_failure(event, "sync_stopped", now)


def _notify_of_failure(event: SyncDelayed | SyncStopped, kind: str, now: datetime) -> None:
    run, binding = Sync.objects.select_related("call").get(pk=event.sync), _binding(event.binding)
    call = run.call
    once = f"{run.pk} {event.at:%Y%m%d%H%M%S}"
    with translation.override(None):
        kind_label = str(Sync.Kind(run.kind).label)
    reason = f.verdict(call.last_verdict, call.protocol) if call else f.phrase(run.note)
    shared = {**_shared_facts(binding), "what": f.phrase(kind_label), "reason": reason}
    if kind == "sync_delayed":
        shared["until"] = f.moment(run.give_up_at or now)
    to_seller = [
        AddressedNotice(
            user=user, kind=f"seller_{kind}", facts=shared, once=once, contact=contact, seller=binding.application.seller_id,
            link=reverse("seller_center:application", args=[binding.application_id]),
        )
        for user, contact in people_of(binding.application.seller)
    ]  # fmt: skip
    send_notices([*_buyer_notices(binding, kind, shared, once), *to_seller], now=now)


def _buyer_notices(
    binding: TenantBinding, kind: str, facts: dict[str, f.Json | str], once: str
) -> list[AddressedNotice]:
    """A seller's test enterprise has no buyer."""
    if binding.subscription is None:
        return []
    link = reverse("storefront:enterprise_application", args=[binding.enterprise.code, binding.pk])
    return [AddressedNotice(user=binding.subscription.buyer, kind=kind, facts=facts, once=once, link=link)]


def _shared_facts(binding: TenantBinding) -> dict[str, f.Json | str]:
    return {"enterprise": binding.enterprise.name, "application": binding.application.name}


def _binding(pk: int) -> TenantBinding:
    return TenantBinding.objects.select_related("enterprise", "application__seller", "subscription__buyer").get(pk=pk)
