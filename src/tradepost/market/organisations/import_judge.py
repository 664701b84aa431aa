"""What a line of an import would do: a new member, a change, nothing, or what is wrong with it. No I/O: what is known is given."""

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
from .members import LONGEST_NAME
from .models import Member
from .profile import LONGEST, Profile, profile_of, stored_profile
from .tree import Tree

PATH_SIGN = "/"


class Kind(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


class Wanted(Struct, frozen=True, kw_only=True):
    """What a line says of a person, with what stands where it says nothing."""

    user_name: str
    name: str
    department: int
    role: str
    profile: Profile


class Judged(Struct, frozen=True, kw_only=True):
    """``standing``: who is changed; None for somebody new. ``wanted`` is None, and ``why`` raises the refusal again, in whatever
    language is active, for a line that is wrong."""

    line: Line
    kind: Kind
    wanted: Wanted | None = None
    standing: Member | None = None
    why: Callable[[], object] | None = None


@dataclass(slots=True, kw_only=True)
class Known:
    """What lines are judged by. ``departments``: keys by code, and by path where the path is one alone. ``members``: by account
    name, removed ones too, of the lines at hand at least. ``invited``: account names that wait for an answer. ``room``: how many
    may still join. ``lines``: where an account name stood in this table first."""

    departments: Mapping[str, int]
    members: Mapping[str, Member] = field(default_factory=dict)
    invited: frozenset[str] = frozenset()
    room: int = 0
    most: int = 0
    lines: dict[str, int] = field(default_factory=dict)


def names_of_departments(codes: Mapping[int, str], tree: Tree) -> dict[str, int]:
    """Each department by its code, in any case, and by its path from the top: ``Head office/Research``. A code comes first."""
    by_path = {PATH_SIGN.join(one.path).casefold(): one.node.key for one in tree.placed()}
    return by_path | {code.casefold(): key for key, code in codes.items()}


def judge(line: Line, known: Known) -> Judged:
    """In the order of the table: it notes account names and counts the room that is left."""
    earlier = known.lines.get(line.said.get("user_name", "").lower())
    room = known.room

    def looked() -> tuple[Wanted, Member | None]:
        return _look(line, known, earlier=earlier, room=room)

    try:
        wanted, standing = looked()
    except Refused:
        return Judged(line=line, kind=Kind.WRONG, why=looked)
    known.lines[wanted.user_name] = line.at
    if standing is None:
        known.room -= 1
        return Judged(line=line, kind=Kind.NEW, wanted=wanted)
    kind = Kind.SAME if _is_same(wanted, standing) else Kind.CHANGED
    return Judged(line=line, kind=kind, wanted=wanted, standing=standing)


def judge_all(lines: Iterable[Line], known: Known) -> list[Judged]:
    return [judge(line, known) for line in lines]


def _look(line: Line, known: Known, *, earlier: int | None, room: int) -> tuple[Wanted, Member | None]:
    """Raises ``Refused`` for the first thing that is wrong."""
    if line.rounded:
        words = _("The spreadsheet has rounded the number %(number)s: format the column as text, then enter it again.")
        raise _wrong("rounded", words % {"number": line.rounded})
    if not line.said.get("user_name"):
        raise _wrong("user_name", _("The account name is missing."))
    user_name = account_names.user_name(line.said["user_name"])
    if earlier is not None:
        words = _("Line %(line)s has the account name “%(account)s” already.")
        raise _wrong("again", words % {"line": earlier, "account": user_name})
    standing = known.members.get(user_name)
    _must_be_open(user_name, standing, known, room)
    name = line.said.get("name") or (standing.name if standing else "")
    if not name:
        raise _wrong("name", _("The name is missing."))
    wanted = Wanted(
        user_name=user_name,
        name=account_names.plain_name(name, field="name", longest=LONGEST_NAME),
        department=_department(line, known, standing),
        role=_role(line, standing),
        profile=_profile(line, standing),
    )
    return wanted, standing


def _must_be_open(user_name: str, standing: Member | None, known: Known, room: int) -> None:
    if standing is not None and standing.removed_at is not None:
        words = _(
            "“%(account)s” belonged to somebody who was removed. Bring that person back, or choose another account name."
        )
        raise _wrong("removed", words % {"account": user_name})
    if standing is None and user_name in known.invited:
        words = _(
            "Somebody is invited under the account name “%(account)s”. Wait for the answer, or withdraw the invitation."
        )
        raise _wrong("invited", words % {"account": user_name})
    if standing is None and room <= 0:
        raise _wrong("room", _("An enterprise has at most %(most)s members.") % {"most": known.most})


def _department(line: Line, known: Known, standing: Member | None) -> int:
    said = line.said.get("department", "")
    if not said:
        if standing is not None:
            return standing.department_id
        if len(set(known.departments.values())) == 1:
            return next(iter(known.departments.values()))
        raise _wrong("department", _("The department is missing."))
    found = known.departments.get(PATH_SIGN.join(part.strip() for part in said.split(PATH_SIGN)).casefold())
    if found is None:
        words = _("There is no department “%(department)s”. Give the code of one, or its path: Head office/Research.")
        raise _wrong("department", words % {"department": said[:100]})
    return found


_ROLES: Mapping[str, str] = {
    "user": Member.Role.USER, "member": Member.Role.USER, "成员": Member.Role.USER, "普通成员": Member.Role.USER,
    "admin": Member.Role.ADMIN, "administrator": Member.Role.ADMIN, "管理员": Member.Role.ADMIN,
}  # fmt: skip


def _role(line: Line, standing: Member | None) -> str:
    """A table never takes an administrator's rights: who wrote it may not have thought of the last one."""
    said = line.said.get("role", "")
    stands = standing.role if standing else Member.Role.USER
    if not said:
        return stands
    role = _ROLES.get(said.casefold())
    if role is None:
        raise _wrong("role", _("A role is “user” or “admin”, not “%(role)s”.") % {"role": said[:40]})
    if stands == Member.Role.ADMIN and role != stands:
        raise _wrong("role", _("This person is an administrator. Take that back on their own page, not with a table."))
    return role


def _profile(line: Line, standing: Member | None) -> Profile:
    """What the table says goes over what is known; an empty cell takes nothing away."""
    said = profile_of({name: text for name, text in line.said.items() if name in _OF_PROFILE})
    if standing is None:
        return said
    before = stored_profile(standing.profile)
    return replace(before, **{name: value for name, value in as_dict(said).items() if value})


_OF_PROFILE = frozenset({*LONGEST, "employee_type", "entry_date"}) & set(members(Profile))


def _is_same(wanted: Wanted, standing: Member) -> bool:
    return (wanted.name, wanted.department, wanted.role, wanted.profile.stored()) == (
        standing.name, standing.department_id, standing.role, standing.profile,
    )  # fmt: skip


def _wrong(code: str, words: str) -> Refused:
    return Refused(f"enterprise_import.{code}", words)
