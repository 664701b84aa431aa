"""Send everything again to a seller that moved or lost its data, and retry failed calls of many bindings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import outbox, work
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move
from tradepost.market.identity.models import Seller
from tradepost.market.organisations.models import Enterprise

from .events import SyncResendRequested, SyncRetryRequested
from .lifecycle import TENANT_BINDING
from .models import Application, Sync, TenantBinding
from .rules import SyncRules
from .run import cancel_run, forget_and_begin, locked, settle


def resend(binding: int, *, actor: str, rules: SyncRules, now: datetime) -> None:
    """Send the enterprise, client, departments and members of a binding again, in this order.

    A call in progress ends first, since its target server is not known. Raises ``Refused`` if the binding is ending or
    has ended.
    """
    with transaction.atomic():
        locked_binding = locked(binding)
        if not locked_binding.gives:
            words = _("The enterprise is being unbound, so nothing is sent again.")
            raise Refused("sync.unbinding", words, HTTPStatus.CONFLICT)
        cancel_run(locked_binding, now=now)
        record_move(locked_binding, TENANT_BINDING.name, "resend", now=now, actor=actor)
        if Sync.objects.filter(binding=locked_binding, status=Sync.Status.RUNNING).exists():
            locked_binding.resend = True
            locked_binding.save(update_fields=["resend"])
            return
        forget_and_begin(locked_binding, actor=actor, now=now)
        settle(locked_binding, rules, now=now)


# --- many at once -------------------------------------------------------------------------------------------------------


def failed_of_enterprise(enterprise: Enterprise) -> QuerySet[TenantBinding]:
    """Return bindings of services with a failed run. Test bindings are left out."""
    return _failed().filter(enterprise=enterprise).exclude(subscription=None)


def failed_of_seller(seller: Seller) -> QuerySet[TenantBinding]:
    return _failed().filter(application__seller=seller)


def _failed() -> QuerySet[TenantBinding]:
    runs = Sync.objects.filter(binding=OuterRef("pk"))
    waiting_runs, stopped_runs = (runs.filter(status=status) for status in (Sync.Status.WAITING, Sync.Status.STOPPED))
    return TenantBinding.objects.filter(Q(Exists(waiting_runs)) | Q(Exists(stopped_runs)))


def resendable_bindings(application: Application) -> QuerySet[TenantBinding]:
    """Return bindings for which everything can be sent again."""
    ended_statuses = (TenantBinding.Status.UNBINDING, TenantBinding.Status.UNBOUND)
    return TenantBinding.objects.filter(application=application).exclude(status__in=ended_statuses)


def request_retries(bindings: Collection[int], *, actor: str, now: datetime) -> int:
    """Retry these bindings one after the other, each in its own transaction. Returns their number."""
    return _publish([SyncRetryRequested(binding=pk, actor=actor) for pk in sorted(bindings)], now)


def request_resends(bindings: Collection[int], *, actor: str, now: datetime) -> int:
    """Resend these bindings one after the other, each in its own transaction. Returns their number."""
    return _publish([SyncResendRequested(binding=pk, actor=actor) for pk in sorted(bindings)], now)


def _publish(events: list[SyncRetryRequested] | list[SyncResendRequested], now: datetime) -> int:
    outbox.publish_all(events, now=now)
    work.wake()
    return len(events)
