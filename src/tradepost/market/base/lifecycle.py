"""A lifecycle is a table: status changes only through it, and each move leaves a history row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from .errors import IllegalTransition

if TYPE_CHECKING:
    from django.db import models


@dataclass(frozen=True, slots=True)
class Lifecycle[State: StrEnum, Event: StrEnum]:
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
        from .models import Move

        before: str = subject.status  # type: ignore[attr-defined]
        after = self.after(before, event)
        model = type(subject)
        changed = model._default_manager.filter(pk=subject.pk, status=before).update(status=after)  # noqa: SLF001
        if changed != 1:
            raise IllegalTransition(self.name, "changed meanwhile", str(event))
        subject.status = after  # type: ignore[attr-defined]
        Move.objects.create(
            lifecycle=self.name,
            subject=str(subject.pk),
            event=event,
            before=before,
            after=after,
            at=now,
            actor=actor,
            note=note,
        )
