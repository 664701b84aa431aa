"""Values in JSON columns: each names its version, and earlier versions are upgraded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest

from tradepost.market.base import stored
from tradepost.market.base.stored import StoredMismatch, UnknownVersion, dump, load


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unversioned:
    at: datetime
    colours: tuple[Colour, ...] = ()
    note: str | None = None


def rename_member(members: dict[str, Any]) -> dict[str, Any]:
    return {"size": members.pop("length"), **members}


def convert_to_millimetres(members: dict[str, Any]) -> dict[str, Any]:
    return {**members, "size": members["size"] * 10}


@stored.version(3, upgrades={1: rename_member, 2: convert_to_millimetres})
@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Child(Upgraded):
    colour: str = ""


AT = datetime(2026, 11, 25, 7, 0, 0, 123456, tzinfo=UTC)


def test_value_is_plain_json_with_its_version_and_is_restored() -> None:
    value = Unversioned(at=AT, colours=(Colour.RED, Colour.RED))
    dumped = dump(value)
    assert dumped == {"v": 1, "at": "2026-11-25T07:00:00.123456Z", "colours": ("red", "red"), "note": None}
    assert load(Unversioned, dumped) == value
    assert load(Unversioned, {"at": "2026-11-25T08:00:00.123456+01:00"}) == Unversioned(at=AT), (
        "a missing version is version 1"
    )


def test_earlier_versions_are_upgraded_without_changing_the_input() -> None:
    first = {"length": 2}
    assert (
        load(Upgraded, first)
        == Upgraded(size=20)
        == load(Upgraded, {"v": 2, "size": 2})
        == load(Upgraded, {"v": 3, "size": 20})
    )
    assert first == {"length": 2}
    assert dump(Upgraded(size=20)) == {"v": 3, "size": 20}
    assert dump(Child(size=1)) == {"v": 1, "size": 1, "colour": ""}, "a subclass has its own versions"


@pytest.mark.parametrize("stored_value", [4, 0, -1, "2", None, True, 1.0])
def test_unknown_version_is_named(stored_value: object) -> None:
    with pytest.raises(UnknownVersion, match=r"Upgraded was stored as version .*; this release knows 1 to 3"):
        load(Upgraded, {"v": stored_value, "size": 2})


@pytest.mark.parametrize(
    ("cls", "stored_value", "message"),
    [
        (Unversioned, {}, "Unversioned: .*missing required field `at`"),
        (Unversioned, {"at": 7}, r"Unversioned: .*`\$\.at`"),
        (Unversioned, {"at": "2026-11-25T07:00:00Z", "colours": ["secret"]}, r"Unversioned: .*`\$\.colours\[0\]`"),
        (
            Unversioned,
            {"at": "2026-11-25T07:00:00Z", "note": 7},
            r"Unversioned: Expected `str \| null`, got `int` - at `\$\.note`",
        ),
        (Upgraded, {"v": 3, "size": "2"}, r"Upgraded: Expected `int`, got `str` - at `\$\.size`"),
        (Upgraded, {"size": 2}, "Upgraded: an upgrade failed: KeyError: 'length'"),
    ],
)
def test_mismatch_names_class_and_field(cls: type, stored_value: dict[str, Any], message: str) -> None:
    with pytest.raises(StoredMismatch, match=message):
        load(cls, stored_value)


def test_every_earlier_version_needs_its_upgrade() -> None:
    for number, upgrades in ((2, {}), (3, {2: dict}), (1, {1: dict})):
        with pytest.raises(TypeError, match=f"version {number} needs an upgrade"):
            stored.version(number, upgrades=upgrades)
