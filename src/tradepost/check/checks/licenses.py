"""Licenses and notices, groups *lifecycle*, *idempotency* and *time*: activities of these versions only
(saas-v1-license B2, B3, D)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import Answer, answers_of_program, expect_accepted, expect_readable, failed
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped, Warned
from tradepost.protocols.commands import Command, Create, GetLicenseAsync, NotifyOrder, Refresh, Release, SetStatus
from tradepost.protocols.text import Text

from .ending import need_license

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

COPIES = 10


@check_factory
def issuing(target: Target) -> Iterable[Check]:
    if not target.has(Create, GetLicenseAsync):
        return
    topic = target.activity(GetLicenseAsync)
    make = CheckBuilder(target, "lifecycle")
    yield CheckBuilder(target, "idempotency")(
        f"{topic}.repeat", topic, _issued_twice,
        Text(en=f"{topic} with the same eventId is accepted again", zh=f"{topic}以相同eventId重复调用仍被接受"),
        Text(en="000000 or 000004 again: the same licence, never a second one", zh="再次返回000000或000004：同一license，不会签发第二份"),
    )  # fmt: skip
    yield make(
        f"unknown.{topic}", topic, _issued_for_unknown,
        Text(en=f"{topic} of an instance that never was", zh=f"{topic}：从未存在的实例"),
        Text(en="HTTP 200 with a refusal (recommended)", zh="建议返回HTTP 200并拒绝"),
    )  # fmt: skip
    if target.has(Release):
        yield make(
            f"released.{topic}", topic, _issued_for_released,
            Text(en=f"{topic} of a released instance is refused", zh=f"{topic}：已释放的实例被拒绝"),
            Text(en="HTTP 200 with a refusal", zh="返回HTTP 200并拒绝"),
        )  # fmt: skip
    for field in ("effectiveTime", "expireTime"):
        yield CheckBuilder(target, "time")(
            f"{topic}.{field}", topic, _issued_without_time(field),
            Text(en=f"{topic}: {field} that is no time is refused", zh=f"{topic}：不是时间的{field}被拒绝"),
            Text(en="HTTP 200 with resultCode 000002 (recommended: the specification is silent here)", zh="建议返回HTTP 200和resultCode 000002（规范未作说明）")
            if field == "effectiveTime"
            else Text(en="HTTP 200 with resultCode 000002", zh="返回HTTP 200和resultCode 000002"),
        )  # fmt: skip


@check_factory
def codes(target: Target) -> Iterable[Check]:
    """The market creates the IDs in these versions, so the tester has no ID that the seller knows (saas-v1-license
    B2)."""
    if target.has(Create):
        return
    for kind in (Refresh, SetStatus, Release):
        if target.has(kind):
            activity = target.activity(kind)
            yield CheckBuilder(target, "lifecycle")(
                f"unknown.{activity}", activity, _of_unknown(kind),
                Text(en=f"{activity} of a code that never was", zh=f"{activity}：从未存在的授权码"),
                Text(en="HTTP 200 with resultCode 000003, or success where codes are not kept",
                     zh="返回HTTP 200和resultCode 000003；不保存授权码的商家也可返回成功"),
            )  # fmt: skip
    if target.has(Refresh):
        activity = target.activity(Refresh)
        for name, text, title in (
            ("no_time", "tomorrow", Text(en="An expiry that is no time is refused", zh="不是时间的expireTime被拒绝")),
            ("month_13", "20271301000000", Text(en="An expiry in month 13 is refused", zh="13月的expireTime被拒绝")),
        ):
            yield CheckBuilder(target, "time")(
                name, activity, _bad_expiry(text), title,
                Text(en="HTTP 200 with resultCode 000002, or 000003 of an unknown code",
                     zh="返回HTTP 200和resultCode 000002，授权码未知时也可返回000003"),
            )  # fmt: skip
        for hour in (0, 9, 12, 13, 23):
            yield CheckBuilder(target, "time")(
                f"hour_{hour:02}", activity, _at_hour(hour),
                Text(en=f"An expiry at {hour:02} h is accepted", zh=f"{hour}点的到期时间被接受"),
                Text(en="resultCode 000000 to a test call: hours run from 00 to 23", zh="测试调用返回000000：小时为00至23"),
            )  # fmt: skip


@check_factory
def notices(target: Target) -> Iterable[Check]:
    if not target.has(NotifyOrder):
        return
    topic = target.activity(NotifyOrder)
    make = CheckBuilder(target, "idempotency")
    yield make(
        f"{topic}.repeat", "once", _notified_twice,
        Text(en="A notice that comes again is accepted again", zh="重复的通知再次被接受"),
        Text(en="resultCode 000000 again: a market repeats what it is not sure of", zh="再次返回000000：云商店会重发未确认的通知"),
    )  # fmt: skip
    yield make(
        f"{topic}.parallel", "once", _notified_together,
        Text(en=f"{COPIES} notices of one order at the same moment are accepted", zh=f"同时到达的{COPIES}个同一订单通知均被接受"),
        Text(en="resultCode 000000 to each", zh="均返回000000"),
        alone=True,
    )  # fmt: skip


# --- licenses --------------------------------------------------------------------------------------------------------


def ask_for_license(caller: Caller, command: GetLicenseAsync) -> Answer:
    answer = caller.ask(command)
    expect_readable(answer, http_error="http_500_for_unknown_instance")
    return answer


def _issue(caller: Caller, instance_id: str) -> tuple[GetLicenseAsync, Answer]:
    command = caller.samples.license(instance_id, test=False)
    return command, ask_for_license(caller, command)


def _issued_twice(caller: Caller) -> None:
    command, first_answer = _issue(caller, caller.instance(keep=True).instance_id)
    if not first_answer.accepted:
        need_license(caller)
        description = first_answer.describe()
        # 000900 to 000903, or an order that only a market knows.
        raise Skipped(Text(en=f"the first one is refused ({description.en})", zh=f"首次即被拒绝（{description.zh}）"))
    for _ in range(2):
        expect_accepted(caller.ask(command), "repeat_refused", Text(en="once more", zh="再次调用"))


def _issued_for_unknown(caller: Caller) -> None:
    caller.instance(keep=True)
    answer = caller.ask(caller.samples.license(caller.samples.unknown_id(), test=False))
    expect_readable(answer, http_error="http_500_for_unknown_instance")
    if answer.accepted:
        # 000003 is only documented for the other activities.
        raise Warned("success_for_unknown_instance", answer.describe())


def _issued_for_released(caller: Caller) -> None:
    instance = caller.instance()
    if not caller.ask(caller.samples.release(instance.instance_id)).accepted:
        raise Skipped(Text(en="the release is refused, see the checks of releases", zh="释放被拒绝，见释放相关检查"))
    _, answer = _issue(caller, instance.instance_id)
    if answer.accepted:
        raise Warned("released_still_answers", answer.describe())


def _issued_without_time(field: str) -> Body:
    def body(caller: Caller) -> None:
        command, correct_answer = _issue(caller, caller.instance(keep=True).instance_id)
        answer = caller.send(caller.changed(command, {field: "tomorrow", "eventId": caller.chance()}))
        expect_readable(answer, http_error="http_error_for_bad_request")
        context = Text(en=f"with {field}=tomorrow", zh=f"{field}为tomorrow时")
        if answer.accepted and field == "effectiveTime":
            # A license may begin when it is issued: no document requires a seller to read the time (saas-v1-license
            # B3).
            description = answer.describe()
            raise Warned(
                "accepts_bad_time",
                Text(
                    en=f"{context.en}: {description.en}; the specification does not say what is to be answered",
                    zh=f"{context.zh}：{description.zh}；规范没有说明应如何响应",
                ),
            )
        if answer.accepted:
            raise failed("accepts_bad_time", answer, context)
        if not correct_answer.accepted:
            need_license(caller)
            raise Skipped(Text(en="a right one is refused as well", zh="正确的请求同样被拒绝"))

    return body


# --- authorization codes ---------------------------------------------------------------------------------------------


def _of_unknown(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        command = caller.samples.of(kind, f"PL{caller.chance()[:30].upper()}")
        assert command is not None
        answer = caller.ask(command)
        expect_readable(answer, http_error="http_500_for_unknown_instance")

    return body


def _bad_expiry(text: str) -> Body:
    def body(caller: Caller) -> None:
        caller.need(Refresh)
        command = caller.samples.refresh(f"PL{caller.chance()[:30].upper()}")
        answer = caller.send(caller.changed(command, {"expireTime": text}))
        expect_readable(answer, http_error="http_error_for_bad_request")
        if not answer.accepted:
            return
        description = answer.describe()
        observation = Text(en=f"with expireTime={text}: {description.en}", zh=f"expireTime为{text}时：{description.zh}")
        if caller.ask(command).accepted:
            # Unknown codes may be ignored before anything else is read.
            raise Warned("accepts_bad_time", observation)
        raise Failed("accepts_bad_time", observation)

    return body


def _at_hour(hour: int) -> Body:
    def body(caller: Caller) -> None:
        caller.need(Refresh)
        expiry = caller.clock().replace(hour=hour, minute=37, second=53, microsecond=0)
        code = f"PL{caller.chance()[:30].upper()}"
        answer = caller.ask(caller.samples.refresh(code, expiry.replace(year=expiry.year + 1, day=7), test=True))
        if answer.accepted:
            return
        morning = caller.ask(
            caller.samples.refresh(code, expiry.replace(year=expiry.year + 1, day=7, hour=9), test=True)
        )
        name = "twelve_hour_clock" if morning.accepted and not 1 <= hour <= 12 else "refuses_correct_request"
        expect_readable(answer, http_error=name)
        raise failed(name, answer)

    return body


# --- notices ---------------------------------------------------------------------------------------------------------


def _notified_twice(caller: Caller) -> None:
    command = caller.samples.notice(test=False)
    first_answer = caller.ask(command)
    expect_readable(first_answer)
    if not first_answer.accepted:
        raise Skipped(
            Text(
                en="the first one is refused: this seller wants an order that the market knows",
                zh="首次即被拒绝：该商家需要云商店中真实存在的订单",
            ),
        )
    for _ in range(2):
        expect_accepted(caller.ask(command), "repeat_refused", Text(en="once more", zh="再次通知"))


def _notified_together(caller: Caller) -> None:
    command = caller.samples.notice(test=False)
    if not caller.ask(caller.samples.notice(test=False)).accepted:
        raise Skipped(Text(en="one alone is refused already", zh="单独一个已被拒绝"))
    for answer in answers_of_program(caller.send_simultaneously([caller.request(command) for _ in range(COPIES)])):
        if not answer.accepted:
            raise failed("fails_in_parallel", answer)
