"""Reactions to events of ``organisations``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradepost.market.applications import reactions as applications
from tradepost.market.auth_centre import reactions as auth_centre
from tradepost.market.base.events import on
from tradepost.market.base.outbox import batched
from tradepost.market.notifications import enterprise_reactions as notices
from tradepost.market.organisations import groups
from tradepost.market.organisations.events import (
    AdministratorAppointed,
    DepartmentChanged,
    EnterpriseChanged,
    EnterpriseDissolved,
    EnterpriseDissolving,
    EnterpriseMemberJoined,
    GroupRemoved,
    MemberPasswordReset,
    MemberPasswordsGuessed,
    MembersChanged,
)
from tradepost.market.web.joint import sync_rules


def enterprise_changed(event: EnterpriseChanged, now: datetime) -> None:
    """Sync every application of the enterprise."""
    applications.settle_all(event.enterprise, sync_rules(), now)


@batched
def departments_changed(events: Sequence[DepartmentChanged], now: datetime) -> None:
    """Sync the departments that changed, once for each enterprise."""
    for enterprise in sorted({event.enterprise for event in events}):
        departments = {event.department for event in events if event.enterprise == enterprise}
        applications.on_departments_changed(enterprise, departments, sync_rules(), now)


def members_changed(event: MembersChanged, now: datetime) -> None:
    """Sync the members that changed."""
    applications.on_members_changed(event, sync_rules(), now)


def enterprise_dissolved(event: EnterpriseDissolved, now: datetime) -> None:
    """Unbind every application of the enterprise."""
    applications.on_enterprise_dissolved(event, sync_rules(), now)


REACTIONS = (
    on(EnterpriseChanged, enterprise_changed),
    on(DepartmentChanged, departments_changed),
    on(MembersChanged, members_changed, auth_centre.on_members_changed),
    on(GroupRemoved, groups.empty),
    on(EnterpriseDissolved, enterprise_dissolved, notices.on_enterprise_dissolved),
    on(EnterpriseDissolving, notices.on_enterprise_dissolving),
    on(MemberPasswordsGuessed, notices.on_member_passwords_guessed),
    on(AdministratorAppointed, notices.on_administrator_appointed),
    on(EnterpriseMemberJoined, notices.on_enterprise_member_joined),
    on(MemberPasswordReset, auth_centre.on_member_password_reset),
)
