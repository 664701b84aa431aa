"""Response times per activity, compared with the version's limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.protocols.http import Request

    from .answers import Answer
    from .history import History
    from .target import Target

MAX_NAMED = 3
"""Number of slowest activities in a message."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Response times of one activity in seconds. ``late``: number of answers above the version's limit."""

    activity: str
    number: int
    middle: float
    slowest: float
    late: int

    @property
    def slow(self) -> bool:
        """Whether most answers, rather than a single one, were late."""
        return self.late * 2 > self.number


def activity_of(target: Target, request: Request) -> str:
    """Return the activity of a request; empty for an unknown or unreadable one."""
    if target.protocol.prefix:
        activity: object = request.path.rpartition("/")[2]
    else:
        try:
            activity = target.dialect.members(request).get("activity")
        except (ValueError, AttributeError):
            return ""
    return activity if isinstance(activity, str) and activity in target.protocol.activities.values() else ""


def measure_timings(history: History, target: Target) -> tuple[Timing, ...]:
    """Return the timing of each answered activity, slowest first, preferably from requests without concurrency."""
    sequential, concurrent = _by_activity(history.alone, target), _by_activity(history.answers, target)
    timings = []
    for name, answers in {**concurrent, **sequential}.items():
        seconds = [answer.received.seconds for answer in answers]
        late_count = sum(is_late(answer, target) for answer in answers)
        timings.append(Timing(name, len(seconds), median(seconds), max(seconds), late_count))
    return tuple(sorted(timings, key=lambda timing: timing.middle, reverse=True))


def is_late(answer: Answer, target: Target) -> bool:
    """Return whether the answer exceeded the version's limit or did not arrive in time."""
    return answer.received.seconds > target.seconds or answer.received.fault == "too_slow"


def _by_activity(answers: Iterable[Answer], target: Target) -> dict[str, list[Answer]]:
    by_activity: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.received.unreachable:
            continue
        activity = activity_of(target, answer.request)
        if activity:
            by_activity.setdefault(activity, []).append(answer)
    return by_activity


def slowest_text(chosen: Iterable[Timing], target: Target) -> Text:
    """Return a text like ``newInstance 7.0 s, queryInstance 6.8 s (at most 5 s, saas-v2 §3.0)``, with typical response
    times."""
    listed_timings = list(chosen)[:MAX_NAMED]
    limit, section = f"{target.seconds:g}", target.section("answer")
    en = ", ".join(f"{timing.activity} {timing.middle:.1f} s" for timing in listed_timings)
    zh = "，".join(f"{timing.activity} {timing.middle:.1f}秒" for timing in listed_timings)
    return Text(en=f"{en} (at most {limit} s, {section})", zh=f"{zh}（不超过{limit}秒，{section}）")
