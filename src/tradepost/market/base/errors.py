"""Expected refusals: one family with a stable code, words for the person who gets them, and an HTTP status."""

from __future__ import annotations

from http import HTTPStatus


class Refused(Exception):
    """Something was asked that the rules do not allow. ``message`` is for the asker; nothing was changed."""

    def __init__(
        self, code: str, message: str, status: int = HTTPStatus.CONFLICT, *, field: str = "", rule: str = ""
    ) -> None:
        super().__init__(code, str(message))
        self.code = code
        self.message = message
        self.status = int(status)
        self.field = field
        """Name of the input that caused it, so that a form can show the words beside it."""
        self.rule = rule
        """The rule that it breaks, for what a seller hands in: "business-rules §2.3"."""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class IllegalTransition(Refused):
    """A lifecycle does not allow this event in this state."""

    def __init__(self, lifecycle: str, state: str, event: str) -> None:
        super().__init__(f"{lifecycle}.not_allowed", f"{lifecycle}: {event} is not allowed when {state}.")
        self.state = state
        self.event = event
