"""Decide what a line of an import does: add a member, change one, nothing, or fail. No I/O: existing data is passed
in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.values import as_dict, members, replace

from . import account_names
from .import_table import Line
from .members import MAX_NAME_LENGTH
from .models import Member
from .profile import MAX_LENGTHS, Profile, profile_of, stored_profile
from .tree import Tree

PATH_SEPARATOR = "/"


class Kind(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


class MemberData(Struct, frozen=True, kw_only=True):
    """The data of a person from a line, with existing values for empty cells."""

    user_name: str
    name: str
    department: int
    role: str
    profile: Profile


class LineDecision(Struct, frozen=True, kw_only=True):
    """The decision on a line. ``member``: the member to change; None for a new one.

    For an invalid line, ``data`` is None, and ``why`` raises the refusal again in the active language."""

    line: Line
    kind: Kind
    data: MemberData | None = None
    member: Member | None = None
    why: Callable[[], object] | None = None


@dataclass(slots=True, kw_only=True)
class ImportContext:
    """The data by which lines are judged. ``departments``: keys by code, and by path if the path is unique.

    ``members``: by account name, including removed ones, at least those of the current lines. ``invited``: account
    names of pending invitations. ``room``: how many members may still join. ``lines``: the first line of each account
    name in this table."""

    departments: Mapping[str, int]
    members: Mapping[str, Member] = field(default_factory=dict)
    invited: frozenset[str] = frozenset()
    room: int = 0
    most: int = 0
    lines: dict[str, int] = field(default_factory=dict)


def names_of_departments(codes: Mapping[int, str], tree: Tree) -> dict[str, int]:
    """Return the keys of departments by case-insensitive code, and by path from the top: ``Head office/Research``.
    Codes take precedence."""
    by_path = {PATH_SEPARATOR.join(placed.path).casefold(): placed.node.key for placed in tree.placed()}
    return by_path | {code.casefold(): key for key, code in codes.items()}


def decide_line(line: Line, known: ImportContext) -> LineDecision:
    """Judge a line. Call it in the order of the table, because it records account names and counts the remaining
    room."""
    earlier_line = known.lines.get(line.cells.get("user_name", "").lower())
    room = known.room

    def look_again() -> tuple[MemberData, Member | None]:
        return _read_line(line, known, earlier=earlier_line, room=room)

    try:
        data, member = look_again()
    except Refused:
        return LineDecision(line=line, kind=Kind.WRONG, why=look_again)
    known.lines[data.user_name] = line.at
    if member is None:
        known.room -= 1
        return LineDecision(line=line, kind=Kind.NEW, data=data)
    kind = Kind.SAME if _is_unchanged(data, member) else Kind.CHANGED
    return LineDecision(line=line, kind=kind, data=data, member=member)


def decide_lines(lines: Iterable[Line], known: ImportContext) -> list[LineDecision]:
    return [decide_line(line, known) for line in lines]


def _read_line(
    line: Line, context: ImportContext, *, earlier: int | None, room: int
) -> tuple[MemberData, Member | None]:
    """Return the new data and the existing member. Raises ``Refused`` for the first error."""
    if line.rounded:
        message = _(
            "The spreadsheet has rounded the number %(number)s: format the column as text, then enter it again."
        )
        raise _line_refusal("rounded", message % {"number": line.rounded})
    if not line.cells.get("user_name"):
        raise _line_refusal("user_name", _("The account name is missing."))
    user_name = account_names.checked_user_name(line.cells["user_name"])
    if earlier is not None:
        message = _("Line %(line)s has the account name “%(account)s” already.")
        raise _line_refusal("again", message % {"line": earlier, "account": user_name})
    member = context.members.get(user_name)
    _check_available(user_name, member, context, room)
    name = line.cells.get("name") or (member.name if member else "")
    if not name:
        raise _line_refusal("name", _("The name is missing."))
    data = MemberData(
        user_name=user_name,
        name=account_names.plain_name(name, field="name", longest=MAX_NAME_LENGTH),
        department=_department(line, context, member),
        role=_role(line, member),
        profile=_profile(line, member),
    )
    return data, member


def _check_available(user_name: str, member: Member | None, context: ImportContext, room: int) -> None:
    if member is not None and member.removed_at is not None:
        message = _("“%(account)s” belonged to a removed member. Restore that member, or choose another account name.")
        raise _line_refusal("removed", message % {"account": user_name})
    if member is None and user_name in context.invited:
        message = _(
            "A person has been invited with the account name “%(account)s”. Wait for the answer, or withdraw the "
            "invitation."
        )
        raise _line_refusal("invited", message % {"account": user_name})
    if member is None and room <= 0:
        raise _line_refusal("room", _("An enterprise has at most %(most)s members.") % {"most": context.most})


def _department(line: Line, context: ImportContext, member: Member | None) -> int:
    cell = line.cells.get("department", "")
    if not cell:
        if member is not None:
            return member.department_id
        if len(set(context.departments.values())) == 1:
            return next(iter(context.departments.values()))
        raise _line_refusal("department", _("The department is missing."))
    key = context.departments.get(PATH_SEPARATOR.join(part.strip() for part in cell.split(PATH_SEPARATOR)).casefold())
    if key is None:
        message = _(
            "There is no department “%(department)s”. Enter the code or the path of a department, for example Head "
            "office/Research."
        )
        raise _line_refusal("department", message % {"department": cell[:100]})
    return key


_ROLES: Mapping[str, str] = {
    "user": Member.Role.USER, "member": Member.Role.USER, "成员": Member.Role.USER, "普通成员": Member.Role.USER,
    "admin": Member.Role.ADMIN, "administrator": Member.Role.ADMIN, "管理员": Member.Role.ADMIN,
}  # fmt: skip


def _role(line: Line, member: Member | None) -> str:
    """Return the role. A table cannot revoke administrator rights, which might remove the last administrator by
    mistake."""
    cell = line.cells.get("role", "")
    current_role = member.role if member else Member.Role.USER
    if not cell:
        return current_role
    role = _ROLES.get(cell.casefold())
    if role is None:
        raise _line_refusal("role", _("A role is “user” or “admin”, not “%(role)s”.") % {"role": cell[:40]})
    if current_role == Member.Role.ADMIN and role != current_role:
        raise _line_refusal(
            "role", _("This person is an administrator. Remove this role on the member's page, not with a table.")
        )
    return role


def _profile(line: Line, member: Member | None) -> Profile:
    """Return the profile: values of the table replace existing ones, empty cells change nothing."""
    from_table = profile_of({name: text for name, text in line.cells.items() if name in _PROFILE_COLUMNS})
    if member is None:
        return from_table
    before = stored_profile(member.profile)
    return replace(before, **{name: value for name, value in as_dict(from_table).items() if value})


_PROFILE_COLUMNS = frozenset({*MAX_LENGTHS, "employee_type", "entry_date"}) & set(members(Profile))


def _is_unchanged(data: MemberData, member: Member) -> bool:
    return (data.name, data.department, data.role, data.profile.stored()) == (
        member.name, member.department_id, member.role, member.profile,
    )  # fmt: skip


def _line_refusal(code: str, words: str) -> Refused:
    return Refused(f"enterprise_import.{code}", words)
