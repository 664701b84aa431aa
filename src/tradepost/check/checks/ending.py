"""Groups *lifecycle* and *load*: what a seller accepts ends and stays ended, a licence that is applied for is issued, and no
activity is slower than the version allows (saas-v2 §3.0, §3.1, saas-v1-license B3).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import PROCESSING, Answer, failed, readable
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.latency import Timing, activity_of, is_late, timings, told
from tradepost.check.outcomes import Blocked, Failed, Skipped, Warned
from tradepost.protocols.commands import Command, Create, GetLicenseAsync, Query
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

REPEATS = 3
LICENSE_WAIT = 1.0
"""Seconds for which an application that was answered 000004 is looked at again: no page says that the answer changes."""
PAUSE = 0.2
CERTAIN = 3
"""Late answers that came alone, after which nobody has to ask again."""
ACTIVITIES = "load.activities"
"""Looks at the answers of the whole run."""


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
            f"{activity}.issued", activity, _issued,
            Text(en=f"{activity} of a new instance is accepted", zh=f"新实例的{activity}申请被接受"),
            Text(en="resultCode 000000, or 000004 where the licence comes later by upload", zh="返回000000；若license稍后上传，则返回000004"),
        )  # fmt: skip


@check_factory
def speed(target: Target) -> Iterable[Check]:
    yield CheckBuilder(target, "load")(
        ACTIVITIES.partition(".")[2], "answer", _activities,
        Text(en=f"Every activity answers within {target.seconds:g} s", zh=f"每个接口均在{target.seconds:g}秒内响应"),
        Text(en=f"alone, no activity takes longer than {target.seconds:g} s", zh=f"单独请求时，任何接口不超过{target.seconds:g}秒"),
        alone=True,
    )  # fmt: skip


def _stays_ready(caller: Caller) -> None:
    made = caller.instance(keep=True)
    create = caller.samples.create(made.order)
    commands: list[Command] = [create]
    if caller.target.has(Query):
        commands.append(Query(instance_ids=(made.instance_id,)))
    for command in commands:
        done = False
        for _ in range(REPEATS):
            answer = caller.ask(command)
            readable(answer)
            done |= answer.succeeded
            if done and answer.code == PROCESSING:
                name = caller.target.activity(type(command))
                raise failed("processing_again", answer, Text(en=f"{name}, after a success", zh=f"{name}成功之后"))


# --- licences --------------------------------------------------------------------------------------------------------


def _issued(caller: Caller) -> None:
    # An instance of its own: the quota of an order may be one licence (saas-v1-license B3).
    answer = applied(caller, caller.instance().instance_id)
    if answer.code == PROCESSING:
        raise Warned("license_unseen", answer.describe())


def applied(caller: Caller, instance_id: str) -> Answer:
    """The answer to an application for a licence, once it is more than 000004, or after a moment.

    Raises ``Failed`` when it is refused.
    """
    command = caller.samples.license(instance_id, test=False)
    until = time.monotonic() + min(LICENSE_WAIT, caller.options.patience)
    first = answer = caller.ask(command)
    while answer.code == PROCESSING and time.monotonic() < until:
        time.sleep(PAUSE)
        answer = caller.ask(command)
    readable(answer, http_error="license_refused")
    if answer.refused:
        context = Text(en="after 000004", zh="返回000004之后") if first.code == PROCESSING else None
        raise failed("license_refused", answer, context)
    return answer


def need_license(caller: Caller) -> None:
    """Where no application at all is accepted, what stands on one cannot be asked."""
    try:
        applied(caller, caller.instance().instance_id)
    except Failed as reason:
        seen = reason.seen
        raise Blocked(
            Text(en=f"no licence is issued ({seen.en})", zh=f"没有签发license（{seen.zh}）"), reason.name
        ) from None


# --- speed -----------------------------------------------------------------------------------------------------------


def _activities(caller: Caller) -> None:
    target = caller.target
    suspects = [one for one in timings(caller.history, target) if one.late]
    slow = [one for one in suspects if _stays_slow(caller, one)]
    if slow:
        silent = all(one.slowest >= caller.options.timeout for one in slow)
        raise Failed("too_slow" if silent else "slow_answer", told(slow, target))


def _stays_slow(caller: Caller, timing: Timing) -> bool:
    """A single late answer may have had bad luck, or company: then the activity is asked once more, alone."""
    target = caller.target
    late = [
        answer
        for answer in caller.history.alone
        if is_late(answer, target) and activity_of(target, answer.request) == timing.activity
    ]
    return len(late) >= CERTAIN or _slow_alone(caller, timing.activity)


def _slow_alone(caller: Caller, activity: str) -> bool:
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
