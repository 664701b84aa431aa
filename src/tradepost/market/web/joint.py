"""What sellers are told of enterprises and their people as things happen, with this market's settings: a part of ``wiring``'s tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from tradepost.market.applications import reactions, resend, run
from tradepost.market.applications.events import SyncResendRequested, SyncRetryRequested
from tradepost.market.applications.rules import SyncRules, rules_of
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.events import on
from tradepost.market.base.jobs import Task
from tradepost.market.base.leased_jobs import LeasedTasks
from tradepost.market.base.outbox import batched
from tradepost.market.notifications import enterprise_reactions, joint_reactions
from tradepost.market.organisations import groups, import_members, password_files
from tradepost.market.organisations.events import (
    DepartmentChanged,
    EnterpriseChanged,
    EnterpriseDissolved,
    GroupRemoved,
    MembersChanged,
)
from tradepost.market.production.events import CallEnded
from tradepost.market.subscriptions.events import SubscriptionReleased


def sync_rules() -> SyncRules:
    return rules_of(config())


@batched
def sync_calls_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """A seller was told of something, or could not be."""
    run.on_call_ended(events, now, rules=sync_rules)


def enterprise_changed(event: EnterpriseChanged, now: datetime) -> None:
    reactions.settle_all(event.enterprise, sync_rules(), now)


@batched
def departments_changed(events: Sequence[DepartmentChanged], now: datetime) -> None:
    for enterprise in sorted({one.enterprise for one in events}):
        reactions.settle_all(enterprise, sync_rules(), now)


def members_changed(event: MembersChanged, now: datetime) -> None:
    reactions.on_members_changed(event, sync_rules(), now)


def enterprise_dissolved(event: EnterpriseDissolved, now: datetime) -> None:
    reactions.on_enterprise_dissolved(event, sync_rules(), now)


def retry_requested(event: SyncRetryRequested, now: datetime) -> None:
    """One of many bindings; nothing has failed any more where somebody else was faster."""
    with suppress(Refused):
        run.restart(event.binding, actor=event.actor, rules=sync_rules(), now=now)


def resend_requested(event: SyncResendRequested, now: datetime) -> None:
    """One of many bindings; it may have been unbound meanwhile."""
    with suppress(Refused):
        resend.resend(event.binding, actor=event.actor, rules=sync_rules(), now=now)


def retry_due(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    return run.retry_due(payload, now, rules=sync_rules())


TASKS: Mapping[str, Task] = {run.RETRY: retry_due, password_files.END: password_files.end_due}
"""A part of ``wiring``'s timers."""
LEASED_TASKS: LeasedTasks = {
    **import_members.tasks(config, clock.now),
    password_files.MAKE: password_files.task(clock.now),
}
"""A part of ``wiring``'s leased jobs."""


def service_released(event: SubscriptionReleased, now: datetime) -> None:
    """Who is released from a service leaves its application, too."""
    reactions.on_service_released(event, sync_rules(), now)


REACTIONS = (
    on(EnterpriseChanged, enterprise_changed),
    on(DepartmentChanged, departments_changed),
    on(MembersChanged, members_changed),
    on(GroupRemoved, groups.empty),
    on(SyncRetryRequested, retry_requested),
    on(SyncResendRequested, resend_requested),
    on(EnterpriseDissolved, enterprise_dissolved, enterprise_reactions.on_enterprise_dissolved),
    *enterprise_reactions.REACTIONS,
    *joint_reactions.REACTIONS,
)
