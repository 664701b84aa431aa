"""Why nothing more is asked when the run's time is over, or when its seller is too slow for any run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

from .budget import SLOW_ANSWERS
from .latency import timings, told
from .outcomes import Blocked

if TYPE_CHECKING:
    from .session import Session

NOTICEABLE = 1.0
"""Seconds from which an answer is slow for the person who waits, whatever the version allows."""
SLOW = Text(en=", because answers are slow, though within the limit:", zh="，因为响应较慢（未超过限制）：")


def out_of_time(session: Session) -> Blocked:
    """A seller whose answers are late is named as slow; one that is not may need more time than it was given."""
    measured = timings(session.history, session.target)
    slow = [one for one in measured if one.slow]
    within = session.options.within
    if slow:
        times = told(slow, session.target)
        return Blocked(
            Text(
                en=f"the {within:g} s of this run are over, because answers are slow: {times.en}",
                zh=f"本次检测的{within:g}秒已用完，因为响应过慢：{times.zh}",
            ),
            "slow_answer",
        )
    times = told(measured, session.target)
    why = SLOW if measured and measured[0].middle >= NOTICEABLE else Text(en="; answers took", zh="；响应用时：")
    return Blocked(
        Text(
            en=f"the {within:g} s of this run are over{why.en} {times.en}; --within gives it more time",
            zh=f"本次检测的{within:g}秒已用完{why.zh}{times.zh}；可用--within延长",
        ),
        "out_of_time",
    )


def given_up(session: Session) -> Blocked:
    """After too many late answers in a row."""
    times = told([one for one in timings(session.history, session.target) if one.late], session.target)
    silent = any(answer.received.fault == "too_slow" for answer in session.history.alone[-SLOW_ANSWERS:])
    return Blocked(
        Text(
            en=f"the answers before took too long: {times.en}; nothing more was asked",
            zh=f"之前的响应过慢：{times.zh}；未继续检查",
        ),
        "too_slow" if silent else "slow_answer",
    )
