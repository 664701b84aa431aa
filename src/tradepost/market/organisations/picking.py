"""Find people and departments of an enterprise for a selection, as the user types."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import QuerySet
from msgspec import Struct

from tradepost.market.base.prefix import InPatternOrder, begins_with

from .departments import tree_of
from .models import Enterprise, Member
from .queries import codes_of

MAX_OPTIONS = 20
"""Maximum of options in a list; the user enters more text to narrow it."""


class Option(Struct, frozen=True):
    """``detail`` distinguishes options with equal names."""

    key: int
    name: str
    detail: str


def find_people(enterprise: Enterprise, text: str, *, department: int | None = None) -> list[Option]:
    """Return members whose account name, name, or market account's email address begins with the text; without a
    text, the newest.

    At most one more than ``SHOWN_LENGTH``. Each search is a separate statement, because each uses its own index."""
    members = Member.objects.filter(enterprise=enterprise, removed_at=None)
    candidates = members if department is None else members.filter(department=department)
    if not text:
        along = ("enterprise",) if department is None else ("department",)
        return _options(candidates.order_by(*along, "-pk"))
    options: dict[int, Option] = {}
    spellings = [("user_name", text.lower()), *(("name", spelling) for spelling in dict.fromkeys((text, text.title())))]
    for field, spelling in spellings:
        if len(options) <= MAX_OPTIONS:
            matching = candidates.filter(begins_with(field, spelling)).order_by(InPatternOrder(field))
            options |= {option.key: option for option in _options(matching)}
    if "@" in text:
        options |= {option.key: option for option in _options(candidates.filter(user__email=text.lower()).order_by())}
    return list(options.values())[: MAX_OPTIONS + 1]


def people_among(enterprise: Enterprise, keys: Collection[int]) -> list[Option]:
    """Return the current members among these keys, in the order of their names."""
    members = Member.objects.filter(enterprise=enterprise, removed_at=None, pk__in=keys)
    return sorted(_options(members.order_by(), most=len(keys)), key=lambda option: (option.name, option.key))


def _options(people: QuerySet[Member], *, most: int = MAX_OPTIONS + 1) -> list[Option]:
    return [
        Option(member.pk, member.name or member.user_name, f"{member.user_name} · {member.department.name}")
        for member in people.select_related("department")[:most]
    ]


def find_departments(enterprise: Enterprise, text: str) -> list[Option]:
    """Return departments whose name or code contains the text, in the order of the tree. At most one more than
    ``SHOWN_LENGTH``."""
    needle = text.casefold()
    matching = (
        option
        for option in _departments(enterprise)
        if needle in option.name.casefold() or needle in option.detail.casefold()
    )
    return [option for option, _number in zip(matching, range(MAX_OPTIONS + 1), strict=False)]


def departments_among(enterprise: Enterprise, keys: Collection[int]) -> list[Option]:
    return [option for option in _departments(enterprise) if option.key in keys]


def _departments(enterprise: Enterprise) -> Sequence[Option]:
    """Return all departments, at most a few thousand (``Config.departments_most``)."""
    codes = codes_of(enterprise)
    return [
        Option(placed.node.key, placed.node.name, " / ".join((*placed.path[:-1], codes.get(placed.node.key, ""))))
        for placed in tree_of(enterprise).placed()
    ]
