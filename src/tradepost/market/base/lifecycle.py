"""A lifecycle is a table: status changes only through it, and each move leaves a history row."""

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
        """The diagram in the docs, generated so that it cannot drift."""
        arrows = (f"    {a} --> {b}: {e}" for (a, e), b in self.transitions.items())
        return "\n".join(["stateDiagram-v2", *arrows])

    def move(
        self, subject: models.Model, event: Event, *, now: datetime, actor: str = "market", note: str = ""
    ) -> None:
        """Change ``subject.status`` through the table, in the database only if it is still as we read it.

        The compare-and-set makes two racing moves impossible: the loser gets ``IllegalTransition``.
        """
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
        """The same for many subjects of one model, in few statements. ``changes`` are columns that change with the status."""
        from .models import Move

        by_status: defaultdict[str, list[models.Model]] = defaultdict(list)
        for subject in subjects:
            by_status[subject.status].append(subject)  # type: ignore[attr-defined]
        moves: list[dict[str, Any]] = []
        for before, alike in by_status.items():
            after = self.after(before, event)
            standing = type(alike[0])._default_manager.filter(pk__in=[s.pk for s in alike], status=before)  # noqa: SLF001
            if standing.update(status=after, **changes) != len(alike):
                raise IllegalTransition(self.name, "changed meanwhile", str(event))
            for subject in alike:
                for name, value in ({"status": after} | changes).items():
                    setattr(subject, name, value)
            at = rows.moment(now)
            same = {
                "lifecycle": self.name,
                "event": event,
                "before": before,
                "after": after,
                "at": at,
                "actor": actor,
                "note": note,
            }
            moves += [{**same, "subject": str(subject.pk)} for subject in alike]
        if moves:
            rows.insert(Move._meta.db_table, rows.columns_of(Move), moves)  # noqa: SLF001


def moved(
    subject: models.Model, lifecycle: str, event: str, *, now: datetime, actor: str, note: str = "",
    before: str = "", after: str = "",
) -> None:  # fmt: skip
    """A row of history for what is no status: a switch, a number. ``before`` and ``after``: its value in words."""
    from .models import Move

    rows.create(
        [
            Move(
                lifecycle=lifecycle, subject=str(subject.pk), event=event, before=before[:32], after=after[:32],
                at=now, actor=actor, note=note[:500],
            )
        ]
    )  # fmt: skip
