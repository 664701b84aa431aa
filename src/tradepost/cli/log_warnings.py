"""Reads the log files of a demo's children and selects warnings for the terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

SHOWN_LEVELS = frozenset({"warning", "error", "critical"})
POLL_INTERVAL = 0.5
REPEAT_INTERVAL = 60.0
"""Seconds before a repeated warning is shown again."""
HIDDEN_FACTS = frozenset({"event", "level", "timestamp", "logger", "exception", "request"})


class Warnings:
    """Follows JSON-lines logs from their current end. Other lines stay in the log file."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._logs = {name: folder / f"{name}.log" for name in names}
        self._read = {name: _size(path) for name, path in self._logs.items()}
        self._next_look = 0.0
        self._told: dict[str, float] = {}

    def new(self) -> Iterator[str]:
        """Yield one line for each new warning."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + POLL_INTERVAL
        self._told = {line: at for line, at in self._told.items() if now - at < REPEAT_INTERVAL}
        for name, path in self._logs.items():
            for line in self._new_lines(name, path):
                line_shown = f"{name}: {words}" if (words := _warning_text(line)) else ""
                if line_shown and line_shown not in self._told:
                    self._told[line_shown] = now
                    yield line_shown

    def _new_lines(self, name: str, path: Path) -> list[bytes]:
        if _size(path) < self._read[name]:  # rotated
            self._read[name] = 0
        if _size(path) == self._read[name]:
            return []
        with path.open("rb") as log:
            log.seek(self._read[name])
            complete, _, _ = log.read().rpartition(b"\n")  # the next look reads a line that is still being written
        self._read[name] += len(complete) + 1 if complete else 0
        return complete.splitlines()


def _warning_text(line: bytes) -> str:
    try:
        entry = json.loads(line)
        is_warning = entry.get("level") in SHOWN_LEVELS
    except (ValueError, AttributeError):
        return ""
    if not is_warning:
        return ""
    facts = " ".join(f"{key}={value}" for key, value in entry.items() if key not in HIDDEN_FACTS and value is not None)
    last_lines = str(entry.get("exception", "")).strip().splitlines()[-1:]
    return " — ".join(part for part in (f"{entry['level']}: {entry.get('event', '')}", facts, *last_lines) if part)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
