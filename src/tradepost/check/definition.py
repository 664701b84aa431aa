"""Definition of a check: a small function with a name, a title and an expectation in both languages, and its section.

The function receives the ``Caller``, calls the seller, and raises an exception of ``outcomes``; returning means passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from .caller import Caller
    from .target import Target

type Body = Callable[[Caller], None]
"""Raises ``outcomes.Failed``, ``Warned`` or ``Skipped``; returning means passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    check_id: str
    group: str
    title: Text
    expected: Text
    """Title and expectation for the report."""
    spec: str
    body: Body
    alone: bool = False
    """Runs without other checks: it measures, sends concurrent requests, or depends on what came immediately before."""


type CheckFactory = Callable[[Target], Iterable[Check]]

check_factories: list[CheckFactory] = []
"""Filled by ``@check_factory``, in the order in which the modules of ``checks`` are imported."""


def check_factory(make: CheckFactory) -> CheckFactory:
    """Register a function that creates the checks of one topic for a protocol, possibly none."""
    check_factories.append(make)
    return make


@dataclass(frozen=True, slots=True)
class CheckBuilder:
    """Creates the checks of one group for one version."""

    target: Target
    group: str

    def __call__(
        self,
        name: str,
        topic: str,
        body: Body,
        title: Text,
        expected: Text,
        *,
        alone: bool = False,
    ) -> Check:
        """``topic``: whose section is cited, see ``Specification.sections``."""
        return Check(
            check_id=f"{self.group}.{name}",
            group=self.group,
            title=title,
            expected=expected,
            spec=self.target.section(topic),
            body=body,
            alone=alone,
        )
