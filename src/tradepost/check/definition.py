"""How a check is written: a small function with a name, two sentences in each language, and the section that it holds to.

The function gets the ``Caller``, asks the seller, and raises what is in ``outcomes``; returning means passed.
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
    """Both as a report prints them."""
    spec: str
    body: Body
    alone: bool = False
    """Asked while nothing else is: it measures, sends a crowd of its own, or is about what came just before."""


type CheckFactory = Callable[[Target], Iterable[Check]]

check_factories: list[CheckFactory] = []
"""Filled by ``@check_factory``, in the order in which the modules of ``checks`` are imported."""


def check_factory(make: CheckFactory) -> CheckFactory:
    """Registers a function that makes the checks of one topic for a protocol, none when it has nothing to ask."""
    check_factories.append(make)
    return make


@dataclass(frozen=True, slots=True)
class CheckBuilder:
    """Makes the checks of one group for one version."""

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
