"""How long the answers to each activity took, beside what the version allows: what a run knows of a seller's speed."""

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

TOLD = 3
"""The slowest activities are told, no more."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that the answers to one activity took. ``late``: how many took longer than the version allows."""

    activity: str
    number: int
    middle: float
    slowest: float
    late: int

    @property
    def slow(self) -> bool:
        """Not one answer that had bad luck, but most of them."""
        return self.late * 2 > self.number


def activity_of(target: Target, request: Request) -> str:
    """The activity that a request asks for; empty for one that there is not, or that cannot be read."""
    if target.protocol.prefix:
        named: object = request.path.rpartition("/")[2]
    else:
        try:
            named = target.dialect.members(request).get("activity")
        except (ValueError, AttributeError):
            return ""
    return named if isinstance(named, str) and named in target.protocol.activities.values() else ""


def timings(history: History, target: Target) -> tuple[Timing, ...]:
    """Of each activity that was answered, the slowest first; from answers that came alone where there are such."""
    alone, others = _by_activity(history.alone, target), _by_activity(history.answers, target)
    made = []
    for name, answers in {**others, **alone}.items():
        seconds = [answer.received.seconds for answer in answers]
        late = sum(is_late(answer, target) for answer in answers)
        made.append(Timing(name, len(seconds), median(seconds), max(seconds), late))
    return tuple(sorted(made, key=lambda one: one.middle, reverse=True))


def is_late(answer: Answer, target: Target) -> bool:
    """It took longer than the version allows, or did not come at all while it was waited for."""
    return answer.received.seconds > target.seconds or answer.received.fault == "too_slow"


def _by_activity(answers: Iterable[Answer], target: Target) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.received.unreachable:
            continue
        activity = activity_of(target, answer.request)
        if activity:
            found.setdefault(activity, []).append(answer)
    return found


def told(chosen: Iterable[Timing], target: Target) -> Text:
    """``newInstance 7.0 s, queryInstance 6.8 s (at most 5 s, saas-v2 §3.0)``: how long an answer usually took."""
    listed = list(chosen)[:TOLD]
    limit, section = f"{target.seconds:g}", target.section("answer")
    en = ", ".join(f"{one.activity} {one.middle:.1f} s" for one in listed)
    zh = "，".join(f"{one.activity} {one.middle:.1f}秒" for one in listed)
    return Text(en=f"{en} (at most {limit} s, {section})", zh=f"{zh}（不超过{limit}秒，{section}）")
