"""Bodies whose ``activity`` says what is asked, kept to their field tables on both ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from .commands import Command
from .contract import Denied
from .stamped import INVALID_PARAMETER
from .wire_fields import Field, violations
from .wire_time import load_digits

type Activities = Mapping[type[Command], str]
type Tables = Mapping[type[Command], tuple[Field, ...]]

TEST_FLAG = Field("testFlag", 2, mandatory=False, values=("0", "1"))


def named(title: str, command: Command, activities: Activities) -> str:
    """The command's word on the wire. Raises ``ValueError`` when this version has none."""
    kind = type(command)
    if kind not in activities:
        raise ValueError(f"{title} has no activity for {kind.__name__}")
    return activities[kind]


def kept(title: str, command: Command, members: dict[str, object], tables: Tables) -> dict[str, object]:
    """The members, which keep to the command's table. Raises ``ValueError`` naming the fields that do not."""
    broken = "; ".join(map(str, violations(tables[type(command)], members)))
    if broken:
        raise ValueError(f"{title} cannot carry this {type(command).__name__}: {broken}")
    return members


def asked(members: Mapping[str, object], activities: Activities, tables: Tables) -> type[Command]:
    """The kind of command that members from outside name, once they keep to its table. Raises ``Denied`` with 000002."""
    activity = members.get("activity")
    found = next((kind for kind, word in activities.items() if word == activity), None)
    if found is None:
        raise Denied(INVALID_PARAMETER, "activity is missing or unknown")
    for violation in violations(tables[found], members):
        raise Denied(INVALID_PARAMETER, str(violation))
    return found


def present(**members: str) -> dict[str, object]:
    """Members that have a value: optional fields are left out rather than sent empty."""
    return {name: value for name, value in members.items() if value}


def text(members: Mapping[str, object], name: str) -> str:
    """A text that its table vouches for; empty when an optional one is absent."""
    value = members.get(name)
    return value if isinstance(value, str) else ""


def is_test(members: Mapping[str, object]) -> bool:
    # Absent and "0" are alike: old texts send "0" with real requests, new ones nothing (saas-v2 §3.0).
    return members.get("testFlag") == "1"


def moment(members: Mapping[str, object], name: str) -> datetime:
    """A mandatory time of 14 or 17 digits. Raises ``Denied`` with 000002."""
    try:
        return load_digits(text(members, name))
    except ValueError:
        raise Denied(INVALID_PARAMETER, f"{name} is not a UTC time yyyyMMddHHmmss") from None
