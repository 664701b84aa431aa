"""Expected refusals: an exception with a stable code, a message for the user and an HTTP status."""

from __future__ import annotations

from contextvars import ContextVar
from http import HTTPStatus

_wait: ContextVar[int] = ContextVar("wait", default=0)
"""Seconds to wait, from the last refusal of the current request that has a wait."""


class Refused(Exception):
    """A request that the rules do not allow. ``message`` is for the user; nothing was changed."""

    def __init__(
        self, code: str, message: str, status: int = HTTPStatus.CONFLICT, *, field: str = "", rule: str = "",
        wait: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(code, str(message))
        self.code = code
        self.message = message
        self.status = int(status)
        self.field = field
        """Name of the input that caused the refusal, so that a form can show the message beside it."""
        self.rule = rule
        """The business rule that a seller's submission breaks: "business-rules §2.3"."""
        self.wait = wait
        """Whole seconds until a retry is allowed, for a rate limit."""
        if wait:
            _wait.set(wait)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def begin_request() -> None:
    """Reset the wait at the start of a request: threads are reused."""
    _wait.set(0)


def wait_of_request() -> int:
    """Return the seconds to wait after the last rate-limit refusal in this request; 0 if there was none."""
    return _wait.get()


class IllegalTransition(Refused):
    """The lifecycle does not allow this event in this state, usually because another user was faster. Logs name
    both."""

    def __init__(self, lifecycle: str, state: str, event: str) -> None:
        from django.utils.translation import gettext as _  # here, since commands refuse without Django as well

        words = _("This is no longer possible, because the state has changed. Check the current state.")
        super().__init__(f"{lifecycle}.not_allowed", words)
        self.state = state
        self.event = event

    def __str__(self) -> str:
        return f"{self.code}: {self.event} is not allowed when {self.state}"
