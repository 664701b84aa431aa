"""Groups *lifecycle* and *load*: accepted work ends and its result is stable, applications for licenses are granted,
and no activity exceeds the version's time limit (saas-v2 §3.0, §3.1, saas-v1-license B3)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import PROCESSING, Answer, expect_readable, failed
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.latency import Timing, activity_of, is_late, measure_timings, slowest_text
from tradepost.check.outcomes import Blocked, Failed, Skipped, Warned
from tradepost.protocols.commands import Command, Create, GetLicenseAsync, Query
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

REPEATS = 3
LICENSE_WAIT = 1.0
"""Seconds to repeat an application after 000004; no document says that the answer changes."""
PAUSE_SECONDS = 0.2
MIN_LATE_ANSWERS = 3
"""Number of late answers to lone requests after which no confirmation is needed."""
ACTIVITIES_CHECK = "load.activities"
"""Reads the answers of the whole run."""


@check_factory
def creations(target: Target) -> Iterable[Check]:
    if target.has(Create):
        activity = target.activity(Create)
        yield CheckBuilder(target, "lifecycle")(
            "stays_ready", activity, _stays_ready,
            Text(en="What is ready stays ready", zh="已就绪的实例保持就绪"),
            Text(en="after a first 000000, no 000004 to repeats of the order and to queries", zh="首次返回000000之后，重复创建与查询不再返回000004"),
        )  # fmt: skip
    if target.has(Create, GetLicenseAsync):
        activity = target.activity(GetLicenseAsync)
        yield CheckBuilder(target, "lifecycle")(
            f"{activity}.issued", activity, _license_issued,
            Text(en=f"{activity} of a new instance is accepted", zh=f"新实例的{activity}申请被接受"),
            Text(en="resultCode 000000, or 000004 where the licence comes later by upload", zh="返回000000；若license稍后上传，则返回000004"),
        )  # fmt: skip


@check_factory
def speed(target: Target) -> Iterable[Check]:
    yield CheckBuilder(target, "load")(
        ACTIVITIES_CHECK.partition(".")[2], "answer", _activities,
        Text(en=f"Every activity answers within {target.seconds:g} s", zh=f"每个接口均在{target.seconds:g}秒内响应"),
        Text(en=f"alone, no activity takes longer than {target.seconds:g} s", zh=f"单独请求时，任何接口不超过{target.seconds:g}秒"),
        alone=True,
    )  # fmt: skip


def _stays_ready(caller: Caller) -> None:
    instance = caller.instance(keep=True)
    create = caller.samples.create(instance.order)
    commands: list[Command] = [create]
    if caller.target.has(Query):
        commands.append(Query(instance_ids=(instance.instance_id,)))
    for command in commands:
        is_done = False
        for _ in range(REPEATS):
            answer = caller.ask(command)
            expect_readable(answer)
            is_done |= answer.succeeded
            if is_done and answer.code == PROCESSING:
                name = caller.target.activity(type(command))
                raise failed("processing_again", answer, Text(en=f"{name}, after a success", zh=f"{name}成功之后"))


# --- licenses --------------------------------------------------------------------------------------------------------


def _license_issued(caller: Caller) -> None:
    # A new instance, since an order may permit only one license (saas-v1-license B3).
    answer = apply_for_license(caller, caller.instance().instance_id)
    if answer.code == PROCESSING:
        raise Warned("license_unseen", answer.describe())


def apply_for_license(caller: Caller, instance_id: str) -> Answer:
    """Return the answer to an application for a license, after waiting a moment for more than 000004.

    Raises ``Failed`` if it is refused.
    """
    command = caller.samples.license(instance_id, test=False)
    until = time.monotonic() + min(LICENSE_WAIT, caller.options.patience)
    first_answer = answer = caller.ask(command)
    while answer.code == PROCESSING and time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
        answer = caller.ask(command)
    expect_readable(answer, http_error="license_refused")
    if answer.refused:
        context = Text(en="after 000004", zh="返回000004之后") if first_answer.code == PROCESSING else None
        raise failed("license_refused", answer, context)
    return answer


def need_license(caller: Caller) -> None:
    """If every application is refused, block the checks that depend on a license."""
    try:
        apply_for_license(caller, caller.instance().instance_id)
    except Failed as reason:
        observation = reason.seen
        raise Blocked(
            Text(en=f"no licence is issued ({observation.en})", zh=f"没有签发license（{observation.zh}）"), reason.name
        ) from None


# --- speed -----------------------------------------------------------------------------------------------------------


def _activities(caller: Caller) -> None:
    target = caller.target
    suspects = [timing for timing in measure_timings(caller.history, target) if timing.late]
    slow_timings = [timing for timing in suspects if _stays_slow(caller, timing)]
    if slow_timings:
        is_silent = all(timing.slowest >= caller.options.timeout for timing in slow_timings)
        raise Failed("too_slow" if is_silent else "slow_answer", slowest_text(slow_timings, target))


def _stays_slow(caller: Caller, timing: Timing) -> bool:
    """A single late answer may result from bad luck or load, so the activity is called again, alone."""
    target = caller.target
    late_answers = [
        answer
        for answer in caller.history.alone
        if is_late(answer, target) and activity_of(target, answer.request) == timing.activity
    ]
    return len(late_answers) >= MIN_LATE_ANSWERS or _is_slow_alone(caller, timing.activity)


def _is_slow_alone(caller: Caller, activity: str) -> bool:
    target = caller.target
    kind = next(kind for kind, name in target.protocol.activities.items() if name == activity)
    for test in (False, True):
        command = _command(caller, kind, test=test)
        if command is not None and is_late(caller.ask(command), target):
            return True
    return False


def _command(caller: Caller, kind: type[Command], *, test: bool) -> Command | None:
    try:
        instance_id = caller.any_id() if test or kind is Create else caller.instance().instance_id
    except Skipped:
        instance_id = caller.samples.unknown_id()
    return caller.samples.of(kind, instance_id, test=test)
