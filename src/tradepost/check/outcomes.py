"""What a check raises when it does not pass: a failure with its diagnosis, a warning, or why it could not be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .diagnoses import ALL_NAMES

if TYPE_CHECKING:
    from tradepost.protocols.http import Request
    from tradepost.protocols.text import Text


class Failed(Exception):
    """``name`` is the diagnosis; ``seen`` what was observed."""

    def __init__(self, name: str, seen: Text) -> None:
        if name not in ALL_NAMES:
            raise KeyError(f"no diagnosis {name!r}")
        super().__init__(f"{name}: {seen.en}")
        self.request: Request | None = None
        """The one whose answer failed, where later ones were sent to find out why."""
        self.code = ""
        """The resultCode that came."""
        self.status = 0
        """The HTTP status that came."""
        self.name = name
        self.seen = seen


class Warned(Failed):
    """The same for what is no failure: see ``Verdict.WARNED``."""


class Skipped(Exception):
    """The check cannot be asked of this seller; says why."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


class Blocked(Skipped):
    """What the protocol needs could not be asked, so that the run must not pass; says why.

    ``name`` is the diagnosis; empty where another check names the mistake.
    """

    def __init__(self, why: Text, name: str = "") -> None:
        if name and name not in ALL_NAMES:
            raise KeyError(f"no diagnosis {name!r}")
        super().__init__(why)
        self.name = name
