"""Departments are added, renamed, moved, and removed when nobody is in them (openapi-jointkit §A.8)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused

from . import account_names
from .act_log import Did, actor, record
from .events import DepartmentChanged
from .locking import department_of, lock
from .models import Department, Enterprise, Invitation, Member
from .tree import Node, Tree

LONGEST_NAME = 128


class Bounds(Struct, frozen=True, kw_only=True):
    """``most``: living departments of an enterprise; ``deepest``: levels of its tree."""

    most: int
    deepest: int


def tree_of(enterprise: Enterprise) -> Tree:
    """All its living departments, in one statement."""
    living = Department.objects.filter(enterprise=enterprise, removed_at=None)
    return Tree.of(Node(*row) for row in living.values_list("pk", "parent", "name"))


def add(
    enterprise: Enterprise, code: str, name: str, *, parent: int | None, by: Member | None, bounds: Bounds, now: datetime
) -> Department:  # fmt: skip
    """A new department below ``parent``, or at the top; under the code of a removed one, that one again. Raises ``Refused``."""
    code = account_names.department_code(code)
    name = account_names.plain_name(name, field="name", longest=LONGEST_NAME)
    with transaction.atomic():
        held = lock(enterprise, by=by)
        above = None if parent is None else department_of(held, parent, field="parent")
        tree = tree_of(held)
        if len(tree.nodes) >= bounds.most:
            words = _("An enterprise has at most %(most)s departments.") % {"most": bounds.most}
            raise Refused("department.too_many", words)
        _must_not_be_deep(tree.depth_below(parent), bounds)
        former = Department.objects.filter(enterprise=held, code=code).first()
        if former is not None and former.removed_at is None:
            words = _("The department “%(name)s” has the code %(code)s already.") % {"name": former.name, "code": code}
            raise Refused("department.code_taken", words, field="code")
        _must_be_free(held, name, above)
        if former is None:
            made = Department.objects.create(enterprise=held, code=code, name=name, parent=above)
        else:
            made = former
            made.name, made.parent, made.removed_at = name, above, None
            _changed(made)
        _tell(made, Did.DEPARTMENT_ADDED, by, now, note=code)
    return made


def change(
    department: Department, name: str, *, parent: int | None, by: Member, bounds: Bounds, now: datetime
) -> Department:
    """Rename and move it. Raises ``Refused`` for a place below itself, or a name that a sibling has."""
    name = account_names.plain_name(name, field="name", longest=LONGEST_NAME)
    with transaction.atomic():
        held = lock(department.enterprise_id, by=by)
        one = department_of(held, department.pk)
        if (one.name, one.parent_id) == (name, parent):
            return one
        above = None if parent is None else department_of(held, parent, field="parent")
        tree = tree_of(held)
        if tree.makes_circle(one.pk, parent):
            words = _("A department cannot stand below itself, nor below one that stands below it.")
            raise Refused("department.circle", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="parent")
        _must_not_be_deep(tree.depth_below(parent, one.pk), bounds)
        _must_be_free(held, name, above, but=one)
        before, moved = one.name, one.parent_id != parent
        one.name, one.parent = name, above
        _changed(one)
        if before != name:
            _tell(one, Did.DEPARTMENT_RENAMED, by, now, note=before, tells=not moved)
        if moved:
            _tell(one, Did.DEPARTMENT_MOVED, by, now, note=above.name if above else "")
    return one


def remove(department: Department, *, by: Member, now: datetime) -> None:
    """Only what is empty: no department below, no member, nobody invited into it. Raises ``Refused``."""
    with transaction.atomic():
        held = lock(department.enterprise_id, by=by)
        one = department_of(held, department.pk)
        if Department.objects.filter(parent=one, removed_at=None).exists():
            raise _full(_("There are departments below this one. Move or remove them first."))
        if Member.objects.filter(department=one, removed_at=None).exists():
            raise _full(_("There are people in this department. Move them to another one first."))
        if Invitation.objects.filter(enterprise=held, status=Invitation.Status.PENDING, department=one).exists():
            raise _full(_("Somebody is invited into this department. Withdraw the invitation first."))
        living = Department.objects.filter(enterprise=held, removed_at=None).order_by("enterprise", "code")
        if len(living.values_list("pk")[:2]) < 2:
            raise _full(_("This is the only department. An enterprise always has one."))
        one.removed_at = now
        _changed(one)
        _tell(one, Did.DEPARTMENT_REMOVED, by, now, note=one.code)


def _full(words: str) -> Refused:
    return Refused("department.in_use", words)


def _must_not_be_deep(levels: int, bounds: Bounds) -> None:
    if levels > bounds.deepest:
        words = _("Departments stand at most %(deepest)s levels deep.") % {"deepest": bounds.deepest}
        raise Refused("department.too_deep", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="parent")


def _must_be_free(
    enterprise: Enterprise, name: str, parent: Department | None, *, but: Department | None = None
) -> None:
    """Names are told apart among siblings (§A.8)."""
    beside = Department.objects.filter(enterprise=enterprise, parent=parent, name=name, removed_at=None)
    if beside.exclude(pk=but.pk if but else 0).exists():
        words = _("Another department at the same place is called “%(name)s”.") % {"name": name}
        raise Refused("department.name_taken", words, field="name")


def _changed(one: Department) -> None:
    one.version += 1
    one.save(update_fields=["name", "parent", "removed_at", "version"])


def _tell(one: Department, did: Did, by: Member | None, now: datetime, *, note: str, tells: bool = True) -> None:
    record(one.enterprise, did, actor(by), about=one, now=now, note=note)
    if tells:
        happened = DepartmentChanged(enterprise=one.enterprise_id, department=one.pk, version=one.version)
        outbox.publish(happened, now=now)
