"""Exceptions of a check that does not pass: a failure with its diagnosis, a warning, or the reason why it could not
run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .diagnoses import ALL_NAMES

if TYPE_CHECKING:
    from tradepost.protocols.http import Request
    from tradepost.protocols.text import Text


class Failed(Exception):
    """``name``: the diagnosis; ``seen``: the observation."""

    def __init__(self, name: str, seen: Text) -> None:
        if name not in ALL_NAMES:
            raise KeyError(f"no diagnosis {name!r}")
        super().__init__(f"{name}: {seen.en}")
        self.request: Request | None = None
        """The request with the failed answer, if others followed to find the cause."""
        self.code = ""
        """The resultCode of the answer."""
        self.status = 0
        """The HTTP status of the answer."""
        self.name = name
        self.seen = seen


class Warned(Failed):
    """A fault that is not a failure, see ``Verdict.WARNED``."""


class Skipped(Exception):
    """The check cannot run with this seller, for the given reason."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.why = reason


class Blocked(Skipped):
    """A required check could not run, so the run must not pass.

    ``name``: the diagnosis; empty if another check names the mistake.
    """

    def __init__(self, reason: Text, name: str = "") -> None:
        if name and name not in ALL_NAMES:
            raise KeyError(f"no diagnosis {name!r}")
        super().__init__(reason)
        self.name = name
