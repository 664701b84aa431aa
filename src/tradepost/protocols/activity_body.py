"""Request bodies whose ``activity`` names the command. Both ends validate them against field tables."""

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


def activity_name(title: str, command: Command, activities: Activities) -> str:
    """Return the command's activity on the wire. Raises ``ValueError`` if this version has none."""
    kind = type(command)
    if kind not in activities:
        raise ValueError(f"{title} has no activity for {kind.__name__}")
    return activities[kind]


def validated_members(title: str, command: Command, members: dict[str, object], tables: Tables) -> dict[str, object]:
    """Return the members if they match the command's table. Raises ``ValueError`` naming the invalid fields."""
    errors = "; ".join(map(str, violations(tables[type(command)], members)))
    if errors:
        raise ValueError(f"{title} cannot carry this {type(command).__name__}: {errors}")
    return members


def command_kind(members: Mapping[str, object], activities: Activities, tables: Tables) -> type[Command]:
    """Return the command class that ``activity`` names, after validating the members. Raises ``Denied`` with 000002."""
    activity = members.get("activity")
    command_type = next((kind for kind, word in activities.items() if word == activity), None)
    if command_type is None:
        raise Denied(INVALID_PARAMETER, "activity is missing or unknown")
    for violation in violations(tables[command_type], members):
        raise Denied(INVALID_PARAMETER, str(violation))
    return command_type


def without_empty(**members: str) -> dict[str, object]:
    """Return the members that have a value. Optional fields are omitted rather than sent empty."""
    return {name: value for name, value in members.items() if value}


def text(members: Mapping[str, object], name: str) -> str:
    """Return the text of a validated member; empty if an optional member is absent."""
    value = members.get(name)
    return value if isinstance(value, str) else ""


def is_test(members: Mapping[str, object]) -> bool:
    # Return whether testFlag is "1". Older texts send "0" with real requests, newer ones omit it (saas-v2 §3.0).
    return members.get("testFlag") == "1"


def moment(members: Mapping[str, object], name: str) -> datetime:
    """Parse a mandatory time of 14 or 17 digits. Raises ``Denied`` with 000002."""
    try:
        return load_digits(text(members, name))
    except ValueError:
        raise Denied(INVALID_PARAMETER, f"{name} is not a UTC time yyyyMMddHHmmss") from None
