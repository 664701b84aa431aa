"""Commands are found by name in every folder. Each protocol manages the versions of its stored values."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tradepost.protocols import commands, stored, sync_commands
from tradepost.protocols.commands import Command
from tradepost.protocols.registry import all_commands, command, protocols


@stored.version(2, upgrades={1: lambda members: {"new": members["old"]}})
@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Command):
    new: str


def test_every_command_of_a_protocol_is_found_by_name() -> None:
    spoken = {kind for each in protocols().values() for kind in each.activities}
    assert {sync_commands.SyncAuth, commands.Create} <= spoken <= set(all_commands().values())
    assert all(command(kind.__name__) is kind for kind in spoken)


@pytest.mark.parametrize("name", ["Command", "Done", "Scene", "Teleport", ""])
def test_unknown_name_is_not_found(name: str) -> None:
    with pytest.raises(LookupError, match=f"no command {name!r}; there are: CheckChange, Create, "):
        command(name)


def test_earlier_version_is_upgraded_and_a_later_one_is_refused() -> None:
    assert stored.upgrade(Changed, {"old": "a"}) == {"new": "a"} == stored.upgrade(Changed, {"v": 2, "new": "a"})
    with pytest.raises(stored.UnknownVersion, match="Changed was stored as version 3; this release knows 1 to 2"):
        stored.upgrade(Changed, {"v": 3, "new": "a"})
    assert stored.version_of(Command) == 1
