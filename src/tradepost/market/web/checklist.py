"""Steps of a checklist, as ``web/parts/checklist.html`` shows them."""

from __future__ import annotations

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy
from msgspec import Struct


class State(StrEnum):
    DONE = "done"
    MISSING = "missing"
    WAITING = "waiting"
    NOT_NEEDED = "not_needed"


LABELS: dict[State, str | Promise] = {
    State.DONE: pgettext_lazy("checklist", "Done"),
    State.MISSING: pgettext_lazy("checklist", "To do"),
    State.WAITING: pgettext_lazy("checklist", "Waiting"),
    State.NOT_NEEDED: pgettext_lazy("checklist", "Not needed"),
}


class Step(Struct, frozen=True):
    """A step of a checklist. Subclasses add ``words``, the instruction, and ``url``, the page for it."""

    code: str
    title: str
    state: State

    @property
    def is_settled(self) -> bool:
        return self.state in {State.DONE, State.NOT_NEEDED}

    @property
    def label(self) -> str | Promise:
        return LABELS[self.state]
