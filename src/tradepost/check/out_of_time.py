"""Reasons to stop a run: its time is over, or the seller is too slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

from .budget import MAX_SLOW_ANSWERS
from .latency import measure_timings, slowest_text
from .outcomes import Blocked

if TYPE_CHECKING:
    from .session import Session

MIN_NOTICEABLE_SECONDS = 1.0
"""Seconds after which users notice a slow answer, independent of the version's limit."""
SLOW_ANSWERS_TEXT = Text(en=", because answers are slow, though within the limit:", zh="，因为响应较慢（未超过限制）：")


def time_over_reason(session: Session) -> Blocked:
    """Return the reason when the run's time is over: a slow seller, or too little time."""
    timings = measure_timings(session.history, session.target)
    slow_timings = [timing for timing in timings if timing.slow]
    time_limit = session.options.within
    if slow_timings:
        times = slowest_text(slow_timings, session.target)
        return Blocked(
            Text(
                en=f"the {time_limit:g} s of this run are over, because answers are slow: {times.en}",
                zh=f"本次检测的{time_limit:g}秒已用完，因为响应过慢：{times.zh}",
            ),
            "slow_answer",
        )
    times = slowest_text(timings, session.target)
    reason = (
        SLOW_ANSWERS_TEXT
        if timings and timings[0].middle >= MIN_NOTICEABLE_SECONDS
        else Text(en="; answers took", zh="；响应用时：")
    )
    return Blocked(
        Text(
            en=f"the {time_limit:g} s of this run are over{reason.en} {times.en}; --within gives it more time",
            zh=f"本次检测的{time_limit:g}秒已用完{reason.zh}{times.zh}；可用--within延长",
        ),
        "out_of_time",
    )


def too_slow(session: Session) -> Blocked:
    """Return the reason after too many consecutive late answers."""
    times = slowest_text(
        [timing for timing in measure_timings(session.history, session.target) if timing.late], session.target
    )
    is_silent = any(answer.received.fault == "too_slow" for answer in session.history.alone[-MAX_SLOW_ANSWERS:])
    return Blocked(
        Text(
            en=f"the answers before took too long: {times.en}; nothing more was asked",
            zh=f"之前的响应过慢：{times.zh}；未继续检查",
        ),
        "too_slow" if is_silent else "slow_answer",
    )
