"""What becomes of bindings when an enterprise, its people or a service change (openapi-jointkit §A.0)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from tradepost.market.base.events import on
from tradepost.market.base.outbox import batched
from tradepost.market.organisations.events import (
    DepartmentChanged,
    EnterpriseChanged,
    EnterpriseDissolved,
    MembersChanged,
)
from tradepost.market.production.events import CallEnded
from tradepost.market.subscriptions.events import SubscriptionReleased

from . import run
from .authorise import refresh
from .bind import unbind
from .models import Authorisation, TenantBinding
from .rules import SyncRules

type Rules = Callable[[], SyncRules]
"""Asked when something happens: settings are read at the edge."""


def reactions(rules: Rules):  # noqa: ANN201  # what ``on`` gives, for ``wiring``
    """The reactions of this context, with the settings of the process."""

    @batched
    def sync_calls_ended(events: Sequence[CallEnded], now: datetime) -> None:
        run.on_call_ended(events, now, rules=rules)

    def enterprise_changed(event: EnterpriseChanged, now: datetime) -> None:
        _settle_all(event.enterprise, rules(), now)

    @batched
    def departments_changed(events: Sequence[DepartmentChanged], now: datetime) -> None:
        for enterprise in sorted({one.enterprise for one in events}):
            _settle_all(enterprise, rules(), now)

    def members_changed(event: MembersChanged, now: datetime) -> None:
        on_members_changed(event, rules(), now)

    def enterprise_dissolved(event: EnterpriseDissolved, now: datetime) -> None:
        for binding in _living(event.enterprise):
            unbind(binding, actor="market", rules=rules(), now=now)

    def service_released(event: SubscriptionReleased, now: datetime) -> None:
        for binding in TenantBinding.objects.filter(subscription=event.subscription).exclude(status=_OVER):
            unbind(binding, actor="market", rules=rules(), now=now)

    return {
        CallEnded: sync_calls_ended,
        EnterpriseChanged: enterprise_changed,
        DepartmentChanged: departments_changed,
        MembersChanged: members_changed,
        EnterpriseDissolved: enterprise_dissolved,
        SubscriptionReleased: service_released,
    }


_OVER = TenantBinding.Status.UNBOUND


def _living(enterprise: int) -> list[TenantBinding]:
    return list(TenantBinding.objects.filter(enterprise=enterprise).exclude(status=_OVER).order_by("pk"))


def _settle_all(enterprise: int, rules: SyncRules, now: datetime) -> None:
    for binding in _living(enterprise):
        with transaction.atomic():
            run.settle(run.locked(binding.pk), rules, now=now)


def on_members_changed(event: MembersChanged, rules: SyncRules, now: datetime) -> None:
    """Whoever joined or left a group, was changed or is gone: what the seller should know of them is looked at again."""
    for binding in _living(event.enterprise):
        with transaction.atomic():
            held = run.locked(binding.pk)
            if held.status == TenantBinding.Status.UNBINDING:
                continue
            known = Authorisation.objects.filter(binding=held, member__in=event.members)
            known.filter(Q(wanted=True) | ~Q(acked_digest="")).update(version=F("version") + 1, changed_at=now)
            refresh(held, members=event.members, now=now)
            run.settle(held, rules, now=now)
