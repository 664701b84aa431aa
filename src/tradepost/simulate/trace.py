"""History of a run as text, independent of randomness outside the seed, and its digest: two runs of a plan have the
same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    subscription: int | None
    words: str

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}  {self.words}"


class Trace:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._digest = hashlib.blake2b(digest_size=16)

    def note(self, at: datetime, subscription: int | None, words: str) -> None:
        line = Line(at, subscription, words)
        self.lines.append(line)
        self._digest.update(f"{at.isoformat()} {words}\n".encode())

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def about(self, subscription: int | None) -> list[Line]:
        """Return all lines of a service; everything if none is given."""
        return [line for line in self.lines if subscription is None or line.subscription == subscription]
