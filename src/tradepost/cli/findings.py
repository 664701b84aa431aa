"""What a check of ``tradepost doctor`` says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, in words, and what a person does about it; ``todo`` is empty when all is well."""

    area: str
    level: Level
    said: str
    todo: str = ""


def ok(area: str, said: str) -> Finding:
    return Finding(area, Level.OK, said)


def warn(area: str, said: str, todo: str) -> Finding:
    return Finding(area, Level.WARN, said, todo)


def fail(area: str, said: str, todo: str) -> Finding:
    return Finding(area, Level.FAIL, said, todo)
