"""Group *time*: times are UTC, with 24 hours, in 14 or 17 digits (saas-v2 §3.2, §3.3).

The seller's interpretation of an expiry is visible only if it shows one; otherwise only refusals reveal mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    BAD_PARAMETER,
    NOT_AUTHENTIC,
    Answer,
    answers_of_program,
    expect_readable,
    expect_refusal,
    expect_success,
    failed,
)
from tradepost.check.crowd_diagnosis import explain_crowd
from tradepost.check.dates import date_mistake, dates_in
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.protocols.commands import Create, Query, Refresh
from tradepost.protocols.text import Text
from tradepost.protocols.wire_time import dump_milliseconds, load_digits

if TYPE_CHECKING:
    from tradepost.check.caller import Caller, CreatedInstance
    from tradepost.check.target import Target

# Minutes and seconds that no seller would show by chance.
_MINUTE, _SECOND = 37, 53
INSTANCES, COPIES, ROUNDS = 4, 3, 2
_MAX_CLOCK_LEAD = timedelta(minutes=5)
"""Permitted difference if a seller's clock is ahead."""

EXPIRY_HOURS = (
    ("midnight", 0, Text(en="An expiry at 00 h is accepted", zh="0点的到期时间被接受")),
    ("morning", 9, Text(en="An expiry at 09 h is accepted", zh="9点的到期时间被接受")),
    ("noon", 12, Text(en="An expiry at 12 h is accepted", zh="12点的到期时间被接受")),
    ("afternoon", 13, Text(en="An expiry at 13 h is accepted", zh="13点的到期时间被接受")),
    ("night", 23, Text(en="An expiry at 23 h is accepted", zh="23点的到期时间被接受")),
)


@check_factory
def forms(target: Target) -> Iterable[Check]:
    if not target.has(Create, Refresh):
        return
    make = CheckBuilder(target, "time")
    topic = target.activity(Refresh)
    for name, hour, title in EXPIRY_HOURS:
        yield make(
            name, topic, _hour(hour), title,
            Text(en="resultCode 000000: hours run from 00 to 23", zh="返回000000：小时为00至23"),
        )  # fmt: skip
    yield make(
        "leap_day", topic, _at_time(lambda now: datetime(_leap_year(now), 2, 29, 11, _MINUTE, _SECOND, tzinfo=UTC)),
        Text(en="An expiry on 29 February is accepted", zh="2月29日的到期时间被接受"),
        Text(en="resultCode 000000", zh="返回000000"),
    )  # fmt: skip
    yield make(
        "last_moment", topic, _at_time(lambda now: datetime(now.year + 1, 12, 31, 23, 59, 59, tzinfo=UTC)),
        Text(en="An expiry at the last second of a year is accepted", zh="一年最后一秒的到期时间被接受"),
        Text(en="resultCode 000000", zh="返回000000"),
    )  # fmt: skip
    yield make(
        "far", topic, _at_time(lambda _: datetime(2099, 12, 31, 15, 59, 59, tzinfo=UTC)),
        Text(en="An expiry in the year 2099 is accepted", zh="2099年的到期时间被接受"),
        Text(en="resultCode 000000", zh="返回000000"),
    )  # fmt: skip
    yield make(
        "milliseconds", topic, _seventeen_digits,
        Text(en="An expiry of 17 digits is accepted", zh="17位的到期时间被接受"),
        Text(en="resultCode 000000: 14 and 17 digits are both printed", zh="返回000000：14位和17位都出现在文档中"),
    )  # fmt: skip
    for name, text, title in (
        ("no_time", "tomorrow", Text(en="An expiry that is no time is refused", zh="不是时间的expireTime被拒绝")),
        ("month_13", "20271301000000", Text(en="An expiry in month 13 is refused", zh="13月的expireTime被拒绝")),
        ("hour_24", "20270101250000", Text(en="An expiry at 25 h is refused", zh="25点的expireTime被拒绝")),
    ):
        yield make(
            name, topic, _bad_time(text), title,
            Text(en="HTTP 200 with resultCode 000002", zh="返回HTTP 200和resultCode 000002"),
        )  # fmt: skip


@check_factory
def crowds(target: Target) -> Iterable[Check]:
    if target.has(Create, Refresh):
        yield CheckBuilder(target, "time")(
            "parallel", target.activity(Refresh), _parallel,
            Text(en=f"{INSTANCES} instances are renewed at the same moment, {ROUNDS} times", zh=f"同时续费{INSTANCES}个实例，共{ROUNDS}轮"),
            Text(en="resultCode 000000 to each, and each shows its own expiry where one is shown",
                 zh="均返回000000；若显示到期时间，则各实例显示自己的时间"),
            alone=True,
        )  # fmt: skip


@check_factory
def effects(target: Target) -> Iterable[Check]:
    if not target.has(Create, Refresh, Query):
        return
    make = CheckBuilder(target, "time")
    topic = target.activity(Refresh)
    yield make(
        "one_hour_left", topic, _one_hour_left,
        Text(en="An instance that runs for another hour works", zh="剩余一小时的实例可用"),
        Text(en="the query is answered 000000: expireTime is UTC, so it is not over", zh="查询返回000000：expireTime为UTC，尚未到期"),
    )  # fmt: skip
    yield make(
        "shown_expiry", topic, _expiry_shown,
        Text(en="An expiry that is shown is the one that was told", zh="显示的到期时间与设置的一致"),
        Text(en="no text of the instance shows it some hours off", zh="实例信息中显示的到期时间没有小时偏差"),
    )  # fmt: skip
    yield make(
        "expiry_is_set", topic, _set_not_added,
        Text(en="A repeated renewal does not move the expiry", zh="重复续费不改变到期时间"),
        Text(en="texts that show the expiry stay the same: expireTime is absolute", zh="显示的到期时间不变：expireTime是绝对时间"),
    )  # fmt: skip
    yield make(
        "expiry_moves_back", topic, _moves_back,
        Text(en="An earlier expiry replaces a later one", zh="更早的到期时间会替换更晚的"),
        Text(en="texts that show the expiry show the earlier one", zh="显示的到期时间为更早的时间"),
    )  # fmt: skip
    yield make(
        "usage_time", target.activity(Query), _usage_time,
        Text(en="statisticalTime is not in the future", zh="statisticalTime不在未来"),
        Text(en="a UTC time of 17 digits, at most 5 minutes ahead of now", zh="17位UTC时间，最多比当前时间早5分钟以内"),
    )  # fmt: skip


# --- forms -----------------------------------------------------------------------------------------------------------


def _tomorrow(caller: Caller, hour: int, *, minute: int = _MINUTE) -> datetime:
    day = caller.clock() + timedelta(days=45)
    return day.replace(hour=hour, minute=minute, second=_SECOND, microsecond=0)


def _hour(hour: int) -> Body:
    def body(caller: Caller) -> None:
        caller.need(Refresh)
        with caller.borrowed_instance() as instance:
            answer = caller.ask(caller.samples.refresh(instance.instance_id, _tomorrow(caller, hour)))
            if not answer.succeeded:
                name = _clock_mistake(caller, instance.instance_id, hour)
                expect_readable(answer, http_error=name)
                expect_success(answer, name)

    return body


def _clock_mistake(caller: Caller, instance_id: str, hour: int) -> str:
    """If an hour of the morning passes and this one does not, the seller uses a 12-hour clock."""
    if 1 <= hour <= 12:
        return "refuses_correct_request"
    morning = caller.ask(caller.samples.refresh(instance_id, _tomorrow(caller, 9)))
    return "twelve_hour_clock" if morning.succeeded else "refuses_correct_request"


def _at_time(moment: object) -> Body:
    def body(caller: Caller) -> None:
        caller.need(Refresh)
        assert callable(moment)
        expiry = moment(caller.clock())
        with caller.borrowed_instance() as instance:
            answer = caller.ask(caller.samples.refresh(instance.instance_id, expiry))
            if not answer.succeeded:
                name = _clock_mistake(caller, instance.instance_id, expiry.hour)
                expect_readable(answer, http_error=name)
                expect_success(answer, name)

    return body


def _leap_year(now: datetime) -> int:
    return next(year for year in range(now.year + 1, now.year + 9) if year % 4 == 0 and year % 100)


def _seventeen_digits(caller: Caller) -> None:
    caller.need(Refresh)
    digits = dump_milliseconds(_tomorrow(caller, 9).replace(microsecond=256_000))
    with caller.borrowed_instance() as instance:
        answer = caller.send(caller.changed(caller.samples.refresh(instance.instance_id), {"expireTime": digits}))
        expect_readable(answer, http_error="fourteen_digits_only")
        expect_success(answer, "fourteen_digits_only")


def _bad_time(text: str) -> Body:
    def body(caller: Caller) -> None:
        caller.need(Refresh)
        with caller.borrowed_instance() as instance:
            answer = caller.send(caller.changed(caller.samples.refresh(instance.instance_id), {"expireTime": text}))
            context = Text(en=f"with expireTime={text}", zh=f"expireTime为{text}时")
            expect_refusal(answer, "accepts_bad_time", BAD_PARAMETER, context=context)

    return body


# --- at the same moment ----------------------------------------------------------------------------------------------


def _parallel(caller: Caller) -> None:
    caller.need(Refresh)
    instances = [caller.instance() for _ in range(INSTANCES)]
    for round_number in range(ROUNDS):
        # Each with a different time: a parser shared between threads mixes them up.
        expiries = [_tomorrow(caller, 2 + 2 * at, minute=11 + 7 * round_number + at) for at in range(INSTANCES)]
        commands = [
            caller.samples.refresh(instance.instance_id, until)
            for instance, until in zip(instances, expiries, strict=True)
            for _ in range(COPIES)
        ]
        answers = caller.send_simultaneously([caller.request(command) for command in commands])
        reached_answers = answers_of_program(answers)
        for command, answer in zip(commands, answers, strict=True):
            if not answer.succeeded and answer in reached_answers:
                raise failed(_in_a_crowd(caller, command, answer), answer, Text(en="at the same moment", zh="并发时"))
        _expect_own_expiries(caller, instances, expiries)
    caller.give_back(*instances)


def _in_a_crowd(caller: Caller, command: Refresh, answer: Answer) -> str:
    """Return the cause of a refusal that only occurs under concurrency: a misread date or signature."""
    if answer.code == NOT_AUTHENTIC:
        return explain_crowd(caller, lambda: command)
    if not caller.ask(command).succeeded:
        return "refuses_correct_request"
    return "dates_mixed_up" if answer.code == BAD_PARAMETER else "fails_under_load"


def _expect_own_expiries(caller: Caller, instances: list[CreatedInstance], expiries: list[datetime]) -> None:
    if not caller.target.has(Query):
        return
    answers = caller.each(caller.ask, [Query(instance_ids=(instance.instance_id,)) for instance in instances])
    for answer, until in zip(answers, expiries, strict=True):
        shown_dates = set(dates_in(_members(answer)))
        other_expiries = {expiry.replace(tzinfo=None) for expiry in expiries if expiry != until}
        if shown_dates & other_expiries and until.replace(tzinfo=None) not in shown_dates:
            raise failed(
                "dates_mixed_up",
                answer,
                Text(en=f"told {until:%Y-%m-%d %H:%M:%S}", zh=f"设置为{until:%Y-%m-%d %H:%M:%S}"),
            )


# --- effects ---------------------------------------------------------------------------------------------------------


def _renew(caller: Caller, instance_id: str, until: datetime) -> Answer:
    """Set the expiry and return the query's answer."""
    expect_success(caller.ask(caller.samples.refresh(instance_id, until)), context=Text(en="renewal", zh="续费"))
    return caller.ask(Query(instance_ids=(instance_id,)))


def _one_hour_left(caller: Caller) -> None:
    caller.need(Refresh)
    expiry = caller.clock().replace(microsecond=0) + timedelta(hours=1)
    with caller.borrowed_instance() as instance:
        answer = _renew(caller, instance.instance_id, expiry)
        if not answer.succeeded:
            later_answer = _renew(caller, instance.instance_id, expiry + timedelta(days=30))
            name = "local_time_expiry" if later_answer.succeeded else "refuses_correct_request"
            raise failed(name, answer, Text(en="query", zh="查询"))


def _expiry_shown(caller: Caller) -> None:
    caller.need(Refresh)
    with caller.borrowed_instance() as instance:
        # Each with a different minute, so that an old expiry is not mistaken for a misread one.
        for hour, minute in ((3, 11), (15, 23), (21, 49)):
            expiry = _tomorrow(caller, hour, minute=minute)
            _expect_shown(_renew(caller, instance.instance_id, expiry), expiry.replace(tzinfo=None))


def _expect_shown(answer: Answer, expiry: datetime) -> None:
    shown_dates = list(dates_in(_members(answer)))
    # A seller may show the expiry in its own zone beside UTC; one correct time is enough.
    if expiry in shown_dates:
        return
    for date in shown_dates:
        name = date_mistake(date, expiry)
        if name:
            raise Failed(
                name,
                Text(
                    en=f"told {expiry:%Y-%m-%d %H:%M:%S} UTC, shown {date:%Y-%m-%d %H:%M:%S}",
                    zh=f"设置为{expiry:%Y-%m-%d %H:%M:%S} UTC，显示为{date:%Y-%m-%d %H:%M:%S}",
                ),
            )


def _set_not_added(caller: Caller) -> None:
    caller.need(Refresh)
    expiry = _tomorrow(caller, 9)
    answers: list[Answer] = []
    with caller.borrowed_instance() as instance:
        command = caller.samples.refresh(instance.instance_id, expiry)
        for _ in range(2):
            expect_success(caller.ask(command), context=Text(en="renewal", zh="续费"))
            answers.append(caller.ask(Query(instance_ids=(instance.instance_id,))))
        _same_dates(answers[0], answers[1], expiry)


def _same_dates(first: Answer, second: Answer, expiry: datetime) -> None:
    """Return dates that the repeat changed, except current times: a page may show when it was created."""
    before, after = (sorted(set(dates_in(_members(answer)))) for answer in (first, second))
    moved_dates = [date for date in after if date not in before and date > expiry.replace(tzinfo=None)]
    if moved_dates and len(before) == len(after):
        raise Failed(
            "refresh_adds",
            Text(
                en=f"after the repeat {moved_dates[0]:%Y-%m-%d %H:%M:%S} is shown, told was {expiry:%Y-%m-%d %H:%M:%S}",
                zh=f"重复之后显示{moved_dates[0]:%Y-%m-%d %H:%M:%S}，设置的是{expiry:%Y-%m-%d %H:%M:%S}",
            ),
        )


def _moves_back(caller: Caller) -> None:
    caller.need(Refresh)
    # A fresh instance, whose expiry from the creation has not been replaced.
    instance = caller.fresh()
    instance_id = instance.instance_id
    later_expiry, sooner_expiry = _tomorrow(caller, 9) + timedelta(days=37), _tomorrow(caller, 9)
    first_answer = _renew(caller, instance_id, later_expiry)
    if later_expiry.replace(tzinfo=None) not in dates_in(_members(first_answer)):
        _frozen_in_time(instance, first_answer)
        # The expiry is not shown, or in another format, so the check cannot decide.
        return
    second_answer = _renew(caller, instance_id, sooner_expiry)
    shown_dates = list(dates_in(_members(second_answer)))
    if sooner_expiry.replace(tzinfo=None) in shown_dates:
        return
    name = "refresh_ignored" if later_expiry.replace(tzinfo=None) in shown_dates else "refresh_adds"
    raise Failed(
        name,
        Text(
            en=f"the earlier {sooner_expiry:%Y-%m-%d %H:%M:%S} is not shown",
            zh=f"没有显示更早的{sooner_expiry:%Y-%m-%d %H:%M:%S}",
        ),
    )


def _frozen_in_time(instance: CreatedInstance, answer: Answer) -> None:
    """Report a seller that shows the creation's expiry after it accepted another."""
    first_expiry = instance.expires_at.replace(tzinfo=None) if instance.expires_at else None
    if first_expiry is not None and first_expiry in dates_in(_members(answer)):
        raise Failed(
            "refresh_ignored",
            Text(en=f"{first_expiry:%Y-%m-%d %H:%M:%S} is still shown", zh=f"仍显示{first_expiry:%Y-%m-%d %H:%M:%S}"),
        )


def _usage_time(caller: Caller) -> None:
    answer = caller.ask(Query(instance_ids=(caller.instance(keep=True).instance_id,)))
    expect_readable(answer)
    times = list(_texts(_members(answer), "statisticalTime"))
    if not times:
        raise Skipped(Text(en="this seller answers no usage", zh="该商家没有返回用量信息"))
    for text in times:
        try:
            moment = load_digits(text)
        except ValueError:
            raise Failed("bad_field", Text(en=f"statisticalTime is {text}", zh=f"statisticalTime为{text}")) from None
        if moment > caller.clock() + _MAX_CLOCK_LEAD:
            raise Failed("local_time_usage", Text(en=f"statisticalTime is {text}", zh=f"statisticalTime为{text}"))


def _members(answer: Answer) -> dict[str, object]:
    return answer.members or {}


def _texts(value: object, name: str) -> Iterable[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            if key == name and isinstance(member, str):
                yield member
            yield from _texts(member, name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, name)
