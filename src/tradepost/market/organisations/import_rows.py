"""Turn judged lines into members, a batch in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradepost.market.base import rows
from tradepost.market.identity.models import User

from .import_judge import Kind, LineDecision, MemberData
from .initial_password import unusable_hash
from .locking import add_to_count
from .members import publish_changes
from .models import Enterprise, Member

_COLUMNS = {"name": "text", "department_id": "bigint", "role": "text", "profile": "jsonb", "version": "int"}
_USERS_BATCH = 1000
"""Accounts per statement: Django passes each of their values as a parameter."""


def apply(enterprise: Enterprise, decisions: Sequence[LineDecision], *, run: int, now: datetime) -> None:
    """Add and change members in the caller's transaction, which holds the enterprise. New accounts have no password
    until an administrator generates one. ``run``: key of the import."""
    added_members = _add(
        enterprise, [item.data for item in decisions if item.kind is Kind.NEW and item.data], run, now=now
    )
    changed_members = [
        _change(item.member, item.data) for item in decisions if item.kind is Kind.CHANGED and item.member and item.data
    ]
    rows.update(
        Member._meta.db_table,  # noqa: SLF001
        _COLUMNS,
        [{"id": item.pk, **{column: getattr(item, column) for column in _COLUMNS}} for item in changed_members],
    )
    add_to_count(enterprise, len(added_members))
    publish_changes([*added_members, *changed_members], now=now)


def _add(enterprise: Enterprise, new_members: Sequence[MemberData], run: int, *, now: datetime) -> list[Member]:
    users = User.objects.bulk_create(
        (User(email="", name=data.name, password=unusable_hash(), joined_at=now) for data in new_members),
        batch_size=_USERS_BATCH,
    )
    return rows.create(
        Member(
            enterprise=enterprise, user=user, user_name=data.user_name, name=data.name, department_id=data.department, role=data.role,
            managed=True, profile=data.profile.stored(), joined_at=now, imported_by=run,
        )
        for user, data in zip(users, new_members, strict=True)
    )  # fmt: skip


def _change(member: Member, data: MemberData) -> Member:
    member.name, member.department_id, member.role = data.name, data.department, data.role
    member.profile, member.version = data.profile.stored(), member.version + 1
    return member
