"""What is known about a version before its seller is asked: the protocol, its field tables, where its signature stands."""

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
    """Activities that this seller does without: what stands on them is not asked."""
    within: float | None = None
    """Seconds that an answer may take, where somebody chose them."""

    def has(self, *kinds: type[Command]) -> bool:
        return all(kind in self.protocol.activities and kind not in self.left_out for kind in kinds)

    def without(self, *activities: str) -> Target:
        """Raises ``CannotRun`` for an activity that there is not."""
        kinds = {activity: kind for kind, activity in self.protocol.activities.items()}
        unknown = sorted(set(activities) - kinds.keys())
        if unknown:
            raise CannotRun(f"no activity {', '.join(unknown)}; there are: {', '.join(kinds)}")
        return replace(self, left_out=self.left_out | {kinds[activity] for activity in activities})

    @property
    def seconds(self) -> float:
        """How long an answer may take."""
        return self.specification.answer_within if self.within is None else self.within

    def activity(self, kind: type[Command]) -> str:
        return self.protocol.activities[kind]

    def section(self, topic: str) -> str:
        return self.specification.section(topic)


def target_of(name: str) -> Target:
    """Raises ``CannotRun`` for a protocol that there is not."""
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
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        # A new folder without declarations is tested as what most versions are, and cited by its name.
        return Specification(document=name, signed=SignedIn.URL)
    return declared
