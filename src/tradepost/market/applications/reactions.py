"""What becomes of bindings when an enterprise, its people or a service change (openapi-jointkit §A.0)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from tradepost.market.organisations.events import (
    EnterpriseDissolved,
    MembersChanged,
)
from tradepost.market.subscriptions.events import SubscriptionReleased

from . import run
from .authorise import refresh
from .bind import unbind
from .models import Authorisation, TenantBinding
from .rules import SyncRules


def on_service_released(event: SubscriptionReleased, rules: SyncRules, now: datetime) -> None:
    for binding in TenantBinding.objects.filter(subscription=event.subscription).exclude(status=_OVER).order_by("pk"):
        unbind(binding, actor="market", rules=rules, now=now)


def on_enterprise_dissolved(event: EnterpriseDissolved, rules: SyncRules, now: datetime) -> None:
    for binding in _living(event.enterprise):
        unbind(binding, actor="market", rules=rules, now=now)


_OVER = TenantBinding.Status.UNBOUND


def _living(enterprise: int) -> list[TenantBinding]:
    return list(TenantBinding.objects.filter(enterprise=enterprise).exclude(status=_OVER).order_by("pk"))


def settle_all(enterprise: int, rules: SyncRules, now: datetime) -> None:
    """The enterprise has another name, or other departments."""
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
