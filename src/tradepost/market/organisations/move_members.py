"""Move many people to another department at once: selected ones, or everyone of a department."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused

from .act_log import EnterpriseAction, actor_of, record
from .events import MembersChanged
from .locking import department_of, lock
from .models import Department, Enterprise, Member

MAX_CHOSEN = 500
BATCH = 5_000
"""Members per event, and per statement."""
MAX_SHOWN_NAMES = 20
"""Account names in an entry of the history."""


def move(enterprise: Enterprise, members: Collection[int], *, to: int, by: Member, now: datetime) -> int:
    """Move these members (keys) to the department ``to``. Return how many were in another one.

    Raises ``Refused``, without moving anyone, if one is no longer a member, or the department was removed."""
    if len(members) > MAX_CHOSEN:
        message = _("At most %(most)s people can be moved at once. Choose fewer, or move everyone of the department.")
        raise _move_refusal("members.too_many_at_once", message % {"most": MAX_CHOSEN})
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        chosen = Member.objects.filter(pk__in=members, enterprise=locked_enterprise, removed_at=None)
        if chosen.count() < len(set(members)):
            message = _("One of these people is no longer a member. Check the list and choose again.")
            raise _move_refusal("enterprise.no_member", message)
        return _move(locked_enterprise, chosen, to, by=by, now=now)


def move_everyone(department: Department, *, to: int, by: Member, now: datetime) -> int:
    """Move everyone of a department, regardless of number. People of the departments below it are not moved."""
    with transaction.atomic():
        enterprise = lock(department.enterprise_id, by=by)
        source = department_of(enterprise, department.pk)
        return _move(enterprise, Member.objects.filter(department=source, removed_at=None), to, by=by, now=now)


def _move(enterprise: Enterprise, people: QuerySet[Member], to: int, *, by: Member, now: datetime) -> int:
    target = department_of(enterprise, to)
    moved_names = dict(people.exclude(department=target).order_by("pk").values_list("pk", "user_name"))
    if not moved_names:
        return 0
    keys = list(moved_names)
    for begin in range(0, len(keys), BATCH):
        batch = keys[begin : begin + BATCH]
        _forget_unknown_departments(batch)
        Member.objects.filter(pk__in=batch).update(department=target, version=F("version") + 1)
        outbox.publish(MembersChanged(enterprise=enterprise.pk, members=tuple(batch)), now=now)
    names = ", ".join(list(moved_names.values())[:MAX_SHOWN_NAMES])
    record(
        enterprise,
        EnterpriseAction.MEMBERS_MOVED,
        actor_of(by),
        about=target,
        now=now,
        note=f"{len(moved_names)}: {names}",
    )
    return len(moved_names)


def _forget_unknown_departments(keys: Collection[int]) -> None:
    """An administrator decided what the enterprise's directory could not (decision 0091)."""
    members = list(Member.objects.filter(pk__in=keys, directory__has_key="department"))
    for member in members:
        del member.directory["department"]
    Member.objects.bulk_update(members, ["directory"], batch_size=500)


def _move_refusal(code: str, message: str) -> Refused:
    return Refused(code, message, HTTPStatus.UNPROCESSABLE_ENTITY, field="people")
