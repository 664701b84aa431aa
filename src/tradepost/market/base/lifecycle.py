"""Lifecycles as tables: a status changes only through its table, and each change adds a row of history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from . import rows
from .errors import IllegalTransition

if TYPE_CHECKING:
    from django.db import models


class Lifecycle[State: StrEnum, Event: StrEnum](Struct, frozen=True):
    name: str
    transitions: Mapping[tuple[State, Event], State]

    def allows(self, state: State | str, event: Event) -> bool:
        return (state, event) in self.transitions

    def after(self, state: State | str, event: Event) -> State:
        try:
            return self.transitions[state, event]  # type: ignore[index]  # a StrEnum equals and hashes as its text
        except KeyError:
            raise IllegalTransition(self.name, str(state), str(event)) from None

    def mermaid(self) -> str:
        """Return the diagram for the documentation."""
        arrows = (f"    {a} --> {b}: {e}" for (a, e), b in self.transitions.items())
        return "\n".join(["stateDiagram-v2", *arrows])

    def move(
        self, subject: models.Model, event: Event, *, now: datetime, actor: str = "market", note: str = ""
    ) -> None:
        """Change ``subject.status`` through the table, if the status in the database is still the one in memory.

        The compare-and-set lets only one of two concurrent moves succeed; the other raises ``IllegalTransition``."""
        self.move_all([subject], event, now=now, actor=actor, note=note)

    def move_all(
        self,
        subjects: Sequence[models.Model],
        event: Event,
        *,
        now: datetime,
        actor: str = "market",
        note: str = "",
        **changes: Any,
    ) -> None:
        """Move many subjects of one model in few statements. ``changes``: columns that change with the status."""
        from .models import Move

        by_status: defaultdict[str, list[models.Model]] = defaultdict(list)
        for subject in subjects:
            by_status[subject.status].append(subject)  # type: ignore[attr-defined]
        moves: list[dict[str, Any]] = []
        for before, alike in by_status.items():
            after = self.after(before, event)
            unchanged_rows = type(alike[0])._default_manager.filter(pk__in=[s.pk for s in alike], status=before)  # noqa: SLF001
            if unchanged_rows.update(status=after, **changes) != len(alike):
                raise IllegalTransition(self.name, "changed meanwhile", str(event))
            for subject in alike:
                for name, value in ({"status": after} | changes).items():
                    setattr(subject, name, value)
            moment = rows.moment(now)
            common = {
                "lifecycle": self.name,
                "event": event,
                "before": before,
                "after": after,
                "at": moment,
                "actor": actor,
                "note": note,
            }
            moves += [{**common, "subject": str(subject.pk)} for subject in alike]
        if moves:
            rows.insert(Move._meta.db_table, rows.columns_of(Move), moves)  # noqa: SLF001


def record_move(
    subject: models.Model, lifecycle: str, event: str, *, now: datetime, actor: str, note: str = "",
    before: str = "", after: str = "",
) -> None:  # fmt: skip
    """Add a row of history for a change that is not a status, such as a switch or a number. ``before``, ``after``:
    its value as text."""
    from .models import Move

    rows.create(
        [
            Move(
                lifecycle=lifecycle, subject=str(subject.pk), event=event, before=before[:32], after=after[:32],
                at=now, actor=actor, note=note[:500],
            )
        ]
    )  # fmt: skip
