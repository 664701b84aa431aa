"""Reads what the children of a demo write into their logs and picks out the warnings for the terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

LOUD = frozenset({"warning", "error", "critical"})
LOOK_EVERY = 0.5
SAME_AGAIN_AFTER = 60.0
"""Seconds in which a warning that repeats itself is told once."""
FACTS_NOT_TOLD = frozenset({"event", "level", "timestamp", "logger", "exception", "request"})


class Warnings:
    """Follows JSON-lines logs from their present end. Other lines are left to the log file."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._logs = {name: folder / f"{name}.log" for name in names}
        self._read = {name: _size(path) for name, path in self._logs.items()}
        self._next_look = 0.0
        self._told: dict[str, float] = {}

    def new(self) -> Iterator[str]:
        """One line for each warning since the last look."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        self._told = {line: at for line, at in self._told.items() if now - at < SAME_AGAIN_AFTER}
        for name, path in self._logs.items():
            for line in self._new_lines(name, path):
                told = f"{name}: {words}" if (words := _words(line)) else ""
                if told and told not in self._told:
                    self._told[told] = now
                    yield told

    def _new_lines(self, name: str, path: Path) -> list[bytes]:
        if _size(path) < self._read[name]:  # rotated
            self._read[name] = 0
        if _size(path) == self._read[name]:
            return []
        with path.open("rb") as log:
            log.seek(self._read[name])
            whole, _, _ = log.read().rpartition(b"\n")  # a line still being written waits for the next look
        self._read[name] += len(whole) + 1 if whole else 0
        return whole.splitlines()


def _words(line: bytes) -> str:
    try:
        entry = json.loads(line)
        loud = entry.get("level") in LOUD
    except (ValueError, AttributeError):
        return ""
    if not loud:
        return ""
    facts = " ".join(
        f"{key}={value}" for key, value in entry.items() if key not in FACTS_NOT_TOLD and value is not None
    )
    last = str(entry.get("exception", "")).strip().splitlines()[-1:]
    return " — ".join(part for part in (f"{entry['level']}: {entry.get('event', '')}", facts, *last) if part)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
