"""Departments: add, rename, move, and remove them if they are empty (openapi-jointkit §A.8)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused

from . import account_names
from .act_log import EnterpriseAction, actor_of, record
from .events import DepartmentChanged
from .locking import department_of, lock
from .models import Department, Enterprise, Invitation, Member
from .tree import Node, Tree

MAX_NAME_LENGTH = 128


class DepartmentLimits(Struct, frozen=True, kw_only=True):
    """``most``: limit of departments; ``deepest``: limit of levels of the tree."""

    most: int
    deepest: int


def tree_of(enterprise: Enterprise) -> Tree:
    """Return all departments of an enterprise, in one statement."""
    departments = Department.objects.filter(enterprise=enterprise, removed_at=None)
    return Tree.of(Node(*row) for row in departments.values_list("pk", "parent", "name"))


def add(
    enterprise: Enterprise, code: str, name: str, *, parent: int | None, by: Member | None, bounds: DepartmentLimits, now: datetime
) -> Department:  # fmt: skip
    """Add a department below ``parent``, or at the top; the code of a removed department restores it. Raises
    ``Refused``."""
    code = account_names.department_code(code)
    name = account_names.plain_name(name, field="name", longest=MAX_NAME_LENGTH)
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        parent_department = None if parent is None else department_of(locked_enterprise, parent, field="parent")
        tree = tree_of(locked_enterprise)
        if len(tree.nodes) >= bounds.most:
            message = _("An enterprise has at most %(most)s departments.") % {"most": bounds.most}
            raise Refused("department.too_many", message)
        _check_depth(tree.depth_below(parent), bounds)
        former_department = Department.objects.filter(enterprise=locked_enterprise, code=code).first()
        if former_department is not None and former_department.removed_at is None:
            message = _("The department “%(name)s” has the code %(code)s already.") % {
                "name": former_department.name,
                "code": code,
            }
            raise Refused("department.code_taken", message, field="code")
        _check_name_free(locked_enterprise, name, parent_department)
        if former_department is None:
            added_department = Department.objects.create(
                enterprise=locked_enterprise, code=code, name=name, parent=parent_department
            )
        else:
            added_department = former_department
            added_department.name, added_department.parent, added_department.removed_at = name, parent_department, None
            _save(added_department)
        _record(added_department, EnterpriseAction.DEPARTMENT_ADDED, by, now, note=code)
    return added_department


def change(
    department: Department, name: str, *, parent: int | None, by: Member, bounds: DepartmentLimits, now: datetime
) -> Department:
    """Rename and move a department. Raises ``Refused`` for a place below itself, or a name that a sibling has."""
    name = account_names.plain_name(name, field="name", longest=MAX_NAME_LENGTH)
    with transaction.atomic():
        enterprise = lock(department.enterprise_id, by=by)
        locked_department = department_of(enterprise, department.pk)
        if (locked_department.name, locked_department.parent_id) == (name, parent):
            return locked_department
        parent_department = None if parent is None else department_of(enterprise, parent, field="parent")
        tree = tree_of(enterprise)
        if tree.makes_circle(locked_department.pk, parent):
            message = _("A department cannot be moved under itself or under its subdepartments.")
            raise Refused("department.circle", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="parent")
        _check_depth(tree.depth_below(parent, locked_department.pk), bounds)
        _check_name_free(enterprise, name, parent_department, except_for=locked_department)
        before, is_moved = locked_department.name, locked_department.parent_id != parent
        locked_department.name, locked_department.parent = name, parent_department
        _save(locked_department)
        if before != name:
            _record(locked_department, EnterpriseAction.DEPARTMENT_RENAMED, by, now, note=before, tells=not is_moved)
        if is_moved:
            _record(
                locked_department,
                EnterpriseAction.DEPARTMENT_MOVED,
                by,
                now,
                note=parent_department.name if parent_department else "",
            )
    return locked_department


def remove(department: Department, *, by: Member, now: datetime) -> None:
    """Remove an empty department: without departments below, members, or pending invitations. Raises ``Refused``."""
    with transaction.atomic():
        enterprise = lock(department.enterprise_id, by=by)
        locked_department = department_of(enterprise, department.pk)
        if Department.objects.filter(parent=locked_department, removed_at=None).exists():
            raise _in_use_refusal(_("There are departments below this one. Move or remove them first."))
        if Member.objects.filter(department=locked_department, removed_at=None).exists():
            raise _in_use_refusal(_("There are people in this department. Move them to another one first."))
        if Invitation.objects.filter(
            enterprise=enterprise, status=Invitation.Status.PENDING, department=locked_department
        ).exists():
            raise _in_use_refusal(_("A person has been invited to this department. Withdraw the invitation first."))
        departments = Department.objects.filter(enterprise=enterprise, removed_at=None).order_by("enterprise", "code")
        if len(departments.values_list("pk")[:2]) < 2:
            raise _in_use_refusal(_("This is the only department. An enterprise must have at least one."))
        locked_department.removed_at = now
        _save(locked_department)
        _record(locked_department, EnterpriseAction.DEPARTMENT_REMOVED, by, now, note=locked_department.code)


def _in_use_refusal(message: str) -> Refused:
    return Refused("department.in_use", message)


def _check_depth(levels: int, bounds: DepartmentLimits) -> None:
    if levels > bounds.deepest:
        message = _("Departments can be at most %(deepest)s levels deep.") % {"deepest": bounds.deepest}
        raise Refused("department.too_deep", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="parent")


def _check_name_free(
    enterprise: Enterprise, name: str, parent: Department | None, *, except_for: Department | None = None
) -> None:
    """Check that no sibling has this name (§A.8)."""
    siblings = Department.objects.filter(enterprise=enterprise, parent=parent, name=name, removed_at=None)
    if siblings.exclude(pk=except_for.pk if except_for else 0).exists():
        message = _("Another department at the same level has the name “%(name)s”.") % {"name": name}
        raise Refused("department.name_taken", message, field="name")


def _save(department: Department) -> None:
    department.version += 1
    department.save(update_fields=["name", "parent", "removed_at", "version"])


def _record(
    department: Department, act: EnterpriseAction, by: Member | None, now: datetime, *, note: str, tells: bool = True
) -> None:
    record(department.enterprise, act, actor_of(by), about=department, now=now, note=note)
    if tells:
        event = DepartmentChanged(
            enterprise=department.enterprise_id, department=department.pk, version=department.version
        )
        outbox.publish(event, now=now)
