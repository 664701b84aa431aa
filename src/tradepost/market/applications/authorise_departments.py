"""Authorise departments: members gain the right when they join a department and lose it when they leave (decision
0099)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.organisations.act_log import EnterpriseAction
from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.models import Department, Member

from . import run
from .authorise import add_history_entry, chunks, lock_bound, refresh
from .department_rules import rules_of
from .models import BoundDepartment, TenantBinding
from .rules import SyncRules


def authorise_department(
    binding: TenantBinding,
    department: Department,
    *,
    below: bool,
    rules: SyncRules,
    now: datetime,
    by: Member | None = None,
) -> None:
    """Let all current and future members of the department use the application; ``below``: also those of departments
    below it.

    A repeated call updates ``below``. Raises ``Refused`` for a removed department or one of another enterprise.
    """
    with transaction.atomic():
        locked_binding = lock_bound(binding, by=by)
        existing = Department.objects.filter(pk=department.pk, enterprise=locked_binding.enterprise_id, removed_at=None)
        if not existing.exists():
            raise Refused("authorisation.no_department", _("This department does not exist in this enterprise."))
        rule = BoundDepartment.objects.filter(binding=locked_binding, department=department).first()
        if rule is not None and rule.below == below:
            return
        BoundDepartment.objects.update_or_create(
            binding=locked_binding, department=department, defaults={"below": below}, create_defaults={"below": below, "created_at": now}
        )  # fmt: skip
        act = EnterpriseAction.SUBTREE_AUTHORISED if below else EnterpriseAction.DEPARTMENT_AUTHORISED
        add_history_entry(locked_binding, act, department.name, by=by, now=now)
        refresh(locked_binding, now=now)
        run.settle(locked_binding, rules, now=now)


def withdraw_department(
    binding: TenantBinding, department: int, *, rules: SyncRules, now: datetime, by: Member | None = None
) -> int:
    """End the rule for a department. Members with another authorisation keep the right. Return how many lose it."""
    with transaction.atomic():
        locked_binding = lock_bound(binding, by=by)
        rule = (
            BoundDepartment.objects.select_related("department")
            .filter(binding=locked_binding, department=department)
            .first()
        )
        if rule is None:
            return 0
        rule.delete()
        add_history_entry(locked_binding, EnterpriseAction.DEPARTMENT_WITHDRAWN, rule.department.name, by=by, now=now)
        lost_members = refresh(locked_binding, now=now)
        run.settle(locked_binding, rules, now=now)
        return lost_members


def departments_changed(held: TenantBinding, departments: Collection[int], *, now: datetime) -> None:
    """Update authorisations after departments were added, moved or removed. The caller has locked ``held``.

    Rules of removed departments end, and rules for departments above may cover other members. Only members in and below
    these departments are checked.
    """
    BoundDepartment.objects.filter(binding=held, department__removed_at__isnull=False).delete()
    if not held.gives or not any(rules_of(held).values()):
        return
    tree = tree_of(held.enterprise)
    department_keys = {department_key for key in departments for department_key in tree.within(key)}
    members = Member.objects.filter(department__in=department_keys, removed_at=None)
    for part in chunks(sorted(members.values_list("pk", flat=True))):
        refresh(held, members=part, now=now)
