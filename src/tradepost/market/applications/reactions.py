"""Reactions of bindings to changes of an enterprise, its members or a service (openapi-jointkit §A.0)."""

from __future__ import annotations

from collections.abc import Collection
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
from .authorise_departments import departments_changed
from .bind import unbind
from .models import Authorisation, TenantBinding
from .rules import SyncRules


def on_service_released(event: SubscriptionReleased, rules: SyncRules, now: datetime) -> None:
    for binding in (
        TenantBinding.objects.filter(subscription=event.subscription).exclude(status=_UNBOUND).order_by("pk")
    ):
        unbind(binding, actor="market", rules=rules, now=now)


def on_enterprise_dissolved(event: EnterpriseDissolved, rules: SyncRules, now: datetime) -> None:
    for binding in _active_bindings(event.enterprise):
        unbind(binding, actor="market", rules=rules, now=now)


_UNBOUND = TenantBinding.Status.UNBOUND


def _active_bindings(enterprise: int) -> list[TenantBinding]:
    return list(TenantBinding.objects.filter(enterprise=enterprise).exclude(status=_UNBOUND).order_by("pk"))


def settle_all(enterprise: int, rules: SyncRules, now: datetime) -> None:
    """Synchronise all bindings after the enterprise was renamed."""
    for binding in _active_bindings(enterprise):
        with transaction.atomic():
            run.settle(run.locked(binding.pk), rules, now=now)


def on_departments_changed(enterprise: int, departments: Collection[int], rules: SyncRules, now: datetime) -> None:
    """Synchronise after departments were added, moved or removed; rules for departments may cover other members."""
    for binding in _active_bindings(enterprise):
        with transaction.atomic():
            locked_binding = run.locked(binding.pk)
            departments_changed(locked_binding, departments, now=now)
            run.settle(locked_binding, rules, now=now)


def on_members_changed(event: MembersChanged, rules: SyncRules, now: datetime) -> None:
    """Check changed members again: joined or left a group, changed or removed."""
    for binding in _active_bindings(event.enterprise):
        with transaction.atomic():
            locked_binding = run.locked(binding.pk)
            if locked_binding.status == TenantBinding.Status.UNBINDING:
                continue
            changed_rows = Authorisation.objects.filter(binding=locked_binding, member__in=event.members)
            changed_rows.filter(Q(wanted=True) | ~Q(acked_digest="")).update(version=F("version") + 1, changed_at=now)
            refresh(locked_binding, members=event.members, now=now)
            run.settle(locked_binding, rules, now=now)
