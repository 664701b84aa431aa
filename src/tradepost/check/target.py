"""Facts about a version that are known before calling the seller: the protocol, its field tables, the place of its
signature."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tradepost.protocols import registry
from tradepost.protocols.specification import SignedIn, Specification

from .dialects import Dialect, dialect_of
from .options import CannotRun

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command
    from tradepost.protocols.contract import SellerProtocol


@dataclass(frozen=True, slots=True)
class Target:
    protocol: SellerProtocol
    specification: Specification
    dialect: Dialect
    left_out: frozenset[type[Command]] = frozenset()
    """Activities that this seller does not offer; checks that need them are skipped."""
    within: float | None = None
    """Maximum seconds for an answer, if the user set them."""

    def has(self, *kinds: type[Command]) -> bool:
        return all(kind in self.protocol.activities and kind not in self.left_out for kind in kinds)

    def without(self, *activities: str) -> Target:
        """Return the target without these activities. Raises ``CannotRun`` for an unknown one."""
        kinds = {activity: kind for kind, activity in self.protocol.activities.items()}
        unknown_activities = sorted(set(activities) - kinds.keys())
        if unknown_activities:
            raise CannotRun(f"no activity {', '.join(unknown_activities)}; there are: {', '.join(kinds)}")
        return replace(self, left_out=self.left_out | {kinds[activity] for activity in activities})

    @property
    def seconds(self) -> float:
        """Maximum seconds for an answer."""
        return self.specification.answer_within if self.within is None else self.within

    def activity(self, kind: type[Command]) -> str:
        return self.protocol.activities[kind]

    def section(self, topic: str) -> str:
        return self.specification.section(topic)


def target_of(name: str) -> Target:
    """Return the target with this name. Raises ``CannotRun`` for an unknown protocol."""
    try:
        protocol = registry.protocol(name)
    except LookupError as error:
        raise CannotRun(str(error.args[0])) from None
    specification = _specification(name)
    return Target(protocol, specification, dialect_of(specification.signed))


def _specification(name: str) -> Specification:
    module = f"tradepost.protocols.{name}.checks"
    try:
        declared: Specification = importlib.import_module(module).SPECIFICATION
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        # A new folder without declarations is tested like most versions, and cited by its name.
        return Specification(document=name, signed=SignedIn.URL)
    return declared
