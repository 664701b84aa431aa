"""How a check is written: a small function with a name, two sentences in each language, and the section that it holds to.

The function gets the ``Caller``, asks the seller, and raises ``Failed`` or ``Skipped``; returning means passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .diagnoses import NAMES

if TYPE_CHECKING:
    from tradepost.protocols.http import Request

    from .caller import Caller
    from .target import Target

type Body = Callable[[Caller], None]


class Failed(Exception):
    """``name`` is the diagnosis; ``seen`` what was observed, in both languages."""

    def __init__(self, name: str, seen: str, seen_zh: str) -> None:
        if name not in NAMES:
            raise KeyError(f"no diagnosis {name!r}")
        super().__init__(f"{name}: {seen}")
        self.request: Request | None = None
        """The one whose answer failed, where later ones were sent to find out why."""
        self.code = ""
        """The resultCode that came."""
        self.status = 0
        """The HTTP status that came."""
        self.name = name
        self.seen = seen
        self.seen_zh = seen_zh


class Warned(Failed):
    """The same for what is no failure: see ``Verdict.WARNED``."""


class Skipped(Exception):
    """The check cannot be asked of this seller; says why."""

    def __init__(self, why: str, why_zh: str) -> None:
        super().__init__(why)
        self.why = why
        self.why_zh = why_zh


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckText:
    """What a report says of a check."""

    title: str
    title_zh: str
    expected: str
    expected_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    check_id: str
    group: str
    text: CheckText
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

    def __call__(  # noqa: PLR0917  a check is a row: its texts stand as a report prints them
        self,
        name: str,
        topic: str,
        body: Body,
        title: str,
        title_zh: str,
        expected: str,
        expected_zh: str,
        *,
        alone: bool = False,
    ) -> Check:
        """``topic``: whose section is cited, see ``Specification.sections``."""
        return Check(
            check_id=f"{self.group}.{name}",
            group=self.group,
            text=CheckText(title=title, title_zh=title_zh, expected=expected, expected_zh=expected_zh),
            spec=self.target.section(topic),
            body=body,
            alone=alone,
        )
