"""Judged lines become members, a batch in few statements, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradepost.market.base import rows
from tradepost.market.identity.models import User

from .import_judge import Judged, Kind, Wanted
from .initial_password import no_password
from .locking import counted
from .members import tell
from .models import Enterprise, Member

_COLUMNS = {"name": "text", "department_id": "bigint", "role": "text", "profile": "jsonb", "version": "int"}
_USERS = 1000
"""Accounts of one statement: Django passes each of their values as a parameter."""


def apply(held: Enterprise, judged: Sequence[Judged], *, run: int, now: datetime) -> None:
    """In the caller's transaction, which holds the enterprise. Accounts that are made have no password yet: an administrator makes
    the first one for whom it concerns. ``run``: key of the import."""
    made = _make(held, [one.wanted for one in judged if one.kind is Kind.NEW and one.wanted], run, now=now)
    changed = [
        _change(one.standing, one.wanted) for one in judged if one.kind is Kind.CHANGED and one.standing and one.wanted
    ]
    rows.update(
        Member._meta.db_table,  # noqa: SLF001
        _COLUMNS,
        [{"id": one.pk, **{column: getattr(one, column) for column in _COLUMNS}} for one in changed],
    )
    counted(held, len(made))
    tell([*made, *changed], now=now)


def _make(held: Enterprise, wanted: Sequence[Wanted], run: int, *, now: datetime) -> list[Member]:
    users = User.objects.bulk_create(
        (User(email="", name=one.name, password=no_password(), joined_at=now) for one in wanted), batch_size=_USERS
    )
    return rows.create(
        Member(
            enterprise=held, user=user, user_name=one.user_name, name=one.name, department_id=one.department, role=one.role,
            managed=True, profile=one.profile.stored(), joined_at=now, imported_by=run,
        )
        for user, one in zip(users, wanted, strict=True)
    )  # fmt: skip


def _change(one: Member, wanted: Wanted) -> Member:
    one.name, one.department_id, one.role = wanted.name, wanted.department, wanted.role
    one.profile, one.version = wanted.profile.stored(), one.version + 1
    return one
