"""Mutants that answer a query for several instances with each other's access data (saas-v2 §3.2, saas-v1-license A2.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tradepost.kit import AppInfo, Query
from tradepost.protocols.commands import Done, InstanceInfo

from .definition import V1, V2, shop_mutant
from .twice import Middleman

LIFE = "lifecycle"
BOTH = (V2, V1)


class OwnAccounts(Middleman):
    """Each instance has its own account, like those of real sellers."""

    def app(self, instance_id, expires_at=None):
        mark = instance_id.replace("-", "")[:8]
        return replace(super().app(instance_id, expires_at), user_name=f"user-{mark}", password=f"pw+{mark[::-1]}")

    def act(self, command, honest):
        outcome = honest(command)
        if isinstance(command, Query) and isinstance(outcome, Done) and len(outcome.instances) > 1:
            return replace(outcome, instances=tuple(self.several(command, outcome.instances)))
        return outcome

    def several(self, command: Query, infos: Sequence[InstanceInfo]) -> Sequence[InstanceInfo]:
        return infos


def _with(info: InstanceInfo, other: InstanceInfo, *names: str) -> InstanceInfo:
    """Return the entry with some of another's access data."""
    assert info.app is not None
    return replace(info, app=replace(info.app, **{name: getattr(other.app, name) for name in names}))


def _mixes(pick: Callable[[Sequence[InstanceInfo], int], InstanceInfo], *names: str) -> type[OwnAccounts]:
    class Mixing(OwnAccounts):
        def several(self, command: Query, infos: Sequence[InstanceInfo]) -> Sequence[InstanceInfo]:
            return [_with(info, pick(infos, at), *names) for at, info in enumerate(infos)]

    return Mixing


ACCESS = ("front_end_url", "admin_url", "user_name", "password")


@shop_mutant("batch_mixed_up", LIFE, protocols=BOTH)
class PasswordOfTheFirst(_mixes(lambda infos, at: infos[0], "password")):  # type: ignore[misc]
    """Decrypted once, before the loop."""


@shop_mutant("batch_mixed_up", LIFE, protocols=BOTH)
class AccountOfTheLast(_mixes(lambda infos, at: infos[-1], "user_name", "password")):  # type: ignore[misc]
    """One object that the loop fills repeatedly."""


@shop_mutant("batch_mixed_up", LIFE)
class ShiftedByOne(_mixes(lambda infos, at: infos[at - 1], *ACCESS)):  # type: ignore[misc]
    pass


@shop_mutant("batch_mixed_up", LIFE, protocols=BOTH)
class RowsInTheOrderOfTheTable(OwnAccounts):
    """``WHERE id IN (…)`` returns rows by their key, and the ids of the request are put beside them."""

    def several(self, command, infos):
        rows = sorted(infos, key=lambda info: info.instance_id)
        by_id = {info.instance_id: info for info in infos}
        return [_with(by_id[i], row, *ACCESS) for i, row in zip(command.instance_ids, rows, strict=True)]


@shop_mutant("batch_mixed_up", LIFE)
class AddressOfSomebodyElse(OwnAccounts):
    """Neither of the requested ones: the first row of the table."""

    def several(self, command, infos):
        first = InstanceInfo(instance_id="first", app=AppInfo(front_end_url="https://shop.example.com/the-first"))
        return [_with(info, first, "front_end_url") for info in infos]
