"""Result of a check of ``tradepost doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding, with the action for the user; ``todo`` is empty without a problem."""

    area: str
    level: Level
    said: str
    todo: str = ""


def ok(area: str, message: str) -> Finding:
    return Finding(area, Level.OK, message)


def warn(area: str, message: str, todo: str) -> Finding:
    return Finding(area, Level.WARN, message, todo)


def fail(area: str, message: str, todo: str) -> Finding:
    return Finding(area, Level.FAIL, message, todo)
