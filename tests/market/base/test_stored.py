"""Values in JSON columns: each names its version, and earlier ones become the present one."""

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
class Plain:
    at: datetime
    colours: tuple[Colour, ...] = ()
    note: str | None = None


def renamed(members: dict[str, Any]) -> dict[str, Any]:
    return {"size": members.pop("length"), **members}


def in_millimetres(members: dict[str, Any]) -> dict[str, Any]:
    return {**members, "size": members["size"] * 10}


@stored.version(3, upgrades={1: renamed, 2: in_millimetres})
@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Child(Grown):
    colour: str = ""


AT = datetime(2026, 11, 25, 7, 0, 0, 123456, tzinfo=UTC)


def test_a_value_is_plain_json_with_its_version_and_comes_back_equal() -> None:
    value = Plain(at=AT, colours=(Colour.RED, Colour.RED))
    plain = dump(value)
    assert plain == {"v": 1, "at": "2026-11-25T07:00:00.123456Z", "colours": ("red", "red"), "note": None}
    assert load(Plain, plain) == value
    assert load(Plain, {"at": "2026-11-25T08:00:00.123456+01:00"}) == Plain(at=AT), "no version is version 1"


def test_earlier_versions_are_upgraded_step_by_step_and_what_was_read_is_left_as_it_is() -> None:
    first = {"length": 2}
    assert load(Grown, first) == Grown(size=20) == load(Grown, {"v": 2, "size": 2}) == load(Grown, {"v": 3, "size": 20})
    assert first == {"length": 2}
    assert dump(Grown(size=20)) == {"v": 3, "size": 20}
    assert dump(Child(size=1)) == {"v": 1, "size": 1, "colour": ""}, "a subclass has versions of its own"


@pytest.mark.parametrize("written", [4, 0, -1, "2", None, True, 1.0])
def test_a_version_that_this_release_does_not_know_is_named(written: object) -> None:
    with pytest.raises(UnknownVersion, match=r"Grown was stored as version .*; this release knows 1 to 3"):
        load(Grown, {"v": written, "size": 2})


@pytest.mark.parametrize(
    ("cls", "plain", "words"),
    [
        (Plain, {}, "Plain: .*missing required field `at`"),
        (Plain, {"at": 7}, r"Plain: .*`\$\.at`"),
        (Plain, {"at": "2026-11-25T07:00:00Z", "colours": ["secret"]}, r"Plain: .*`\$\.colours\[0\]`"),
        (Plain, {"at": "2026-11-25T07:00:00Z", "note": 7}, r"Plain: Expected `str \| null`, got `int` - at `\$\.note`"),
        (Grown, {"v": 3, "size": "2"}, r"Grown: Expected `int`, got `str` - at `\$\.size`"),
        (Grown, {"size": 2}, "Grown: an upgrade failed: KeyError: 'length'"),
    ],
)
def test_what_does_not_fit_names_class_and_field(cls: type, plain: dict[str, Any], words: str) -> None:
    with pytest.raises(StoredMismatch, match=words):
        load(cls, plain)


def test_every_earlier_version_needs_its_upgrade() -> None:
    for number, upgrades in ((2, {}), (3, {2: dict}), (1, {1: dict})):
        with pytest.raises(TypeError, match=f"version {number} needs an upgrade"):
            stored.version(number, upgrades=upgrades)
