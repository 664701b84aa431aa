"""Send everything again to a seller that moved or lost its data, and retry failed calls of many bindings at once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import outbox, work
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import moved
from tradepost.market.identity.models import Seller
from tradepost.market.organisations.models import Enterprise

from .events import SyncResendRequested, SyncRetryRequested
from .lifecycle import TENANT_BINDING
from .models import Application, Sync, TenantBinding
from .rules import SyncRules
from .run import forget_and_begin, leave_off, locked, settle


def resend(binding: int, *, actor: str, rules: SyncRules, now: datetime) -> None:
    """Send enterprise, client, departments and people of a binding again, in this order. A call that is being made ends first, since
    nobody knows which of the seller's servers takes it. Raises ``Refused`` for a binding that ends or has ended."""
    with transaction.atomic():
        held = locked(binding)
        if not held.gives:
            words = _("The enterprise is being unbound, so nothing is sent again.")
            raise Refused("sync.unbinding", words, HTTPStatus.CONFLICT)
        leave_off(held, now=now)
        moved(held, TENANT_BINDING.name, "resend", now=now, actor=actor)
        if Sync.objects.filter(binding=held, status=Sync.Status.RUNNING).exists():
            held.resend = True
            held.save(update_fields=["resend"])
            return
        forget_and_begin(held, actor=actor, now=now)
        settle(held, rules, now=now)


# --- many at once -------------------------------------------------------------------------------------------------------


def failed_of_enterprise(enterprise: Enterprise) -> QuerySet[TenantBinding]:
    """Bindings of services with a failed run. A seller's own test is its own matter."""
    return _failed().filter(enterprise=enterprise).exclude(subscription=None)


def failed_of_seller(seller: Seller) -> QuerySet[TenantBinding]:
    return _failed().filter(application__seller=seller)


def _failed() -> QuerySet[TenantBinding]:
    own = Sync.objects.filter(binding=OuterRef("pk"))
    waiting, stopped = (own.filter(status=status) for status in (Sync.Status.WAITING, Sync.Status.STOPPED))
    return TenantBinding.objects.filter(Q(Exists(waiting)) | Q(Exists(stopped)))


def living_of(application: Application) -> QuerySet[TenantBinding]:
    """Bindings of which everything can be sent again."""
    ended = (TenantBinding.Status.UNBINDING, TenantBinding.Status.UNBOUND)
    return TenantBinding.objects.filter(application=application).exclude(status__in=ended)


def request_retries(bindings: Collection[int], *, actor: str, now: datetime) -> int:
    """Retry these one after the other, in transactions of their own. Returns how many."""
    return _publish([SyncRetryRequested(binding=pk, actor=actor) for pk in sorted(bindings)], now)


def request_resends(bindings: Collection[int], *, actor: str, now: datetime) -> int:
    """The same for ``resend``."""
    return _publish([SyncResendRequested(binding=pk, actor=actor) for pk in sorted(bindings)], now)


def _publish(events: list[SyncRetryRequested] | list[SyncResendRequested], now: datetime) -> int:
    outbox.publish_all(events, now=now)
    work.wake()
    return len(events)
