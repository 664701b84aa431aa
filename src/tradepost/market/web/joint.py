"""What sellers are told of enterprises and their people as things happen, with this market's settings: a part of ``wiring``'s tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradepost.market.applications import reactions, run
from tradepost.market.applications.rules import SyncRules, rules_of
from tradepost.market.base.config import config
from tradepost.market.base.events import on
from tradepost.market.base.outbox import batched
from tradepost.market.notifications import enterprise_reactions, joint_reactions
from tradepost.market.organisations import groups
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


def service_released(event: SubscriptionReleased, now: datetime) -> None:
    """Who is released from a service leaves its application, too."""
    reactions.on_service_released(event, sync_rules(), now)


REACTIONS = (
    on(EnterpriseChanged, enterprise_changed),
    on(DepartmentChanged, departments_changed),
    on(MembersChanged, members_changed),
    on(GroupRemoved, groups.empty),
    on(EnterpriseDissolved, enterprise_dissolved, enterprise_reactions.on_enterprise_dissolved),
    *enterprise_reactions.REACTIONS,
    *joint_reactions.REACTIONS,
)
