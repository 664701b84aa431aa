"""Group *time*: dates are UTC, on a clock of 24 hours, with 14 or 17 digits (saas-v2 §3.2, §3.3).

What a seller made of an expiry can be seen only where it shows one; without that, only refusals tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    BAD_PARAMETER,
    NOT_AUTHENTIC,
    Answer,
    admitted,
    expect_refusal,
    expect_success,
    failed,
    readable,
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

# Seconds and minutes that no seller would show by chance.
_MINUTE, _SECOND = 37, 53
INSTANCES, COPIES, ROUNDS = 4, 3, 2
_AHEAD = timedelta(minutes=5)
"""How far a seller's clock may be ahead of ours."""

HOURS = (
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
    for name, hour, title in HOURS:
        yield make(
            name, topic, _hour(hour), title,
            Text(en="resultCode 000000: hours run from 00 to 23", zh="返回000000：小时为00至23"),
        )  # fmt: skip
    yield make(
        "leap_day", topic, _at(lambda now: datetime(_leap_year(now), 2, 29, 11, _MINUTE, _SECOND, tzinfo=UTC)),
        Text(en="An expiry on 29 February is accepted", zh="2月29日的到期时间被接受"),
        Text(en="resultCode 000000", zh="返回000000"),
    )  # fmt: skip
    yield make(
        "last_moment", topic, _at(lambda now: datetime(now.year + 1, 12, 31, 23, 59, 59, tzinfo=UTC)),
        Text(en="An expiry at the last second of a year is accepted", zh="一年最后一秒的到期时间被接受"),
        Text(en="resultCode 000000", zh="返回000000"),
    )  # fmt: skip
    yield make(
        "far", topic, _at(lambda _: datetime(2099, 12, 31, 15, 59, 59, tzinfo=UTC)),
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
        "shown_expiry", topic, _shown,
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
        with caller.borrowed_instance() as made:
            answer = caller.ask(caller.samples.refresh(made.instance_id, _tomorrow(caller, hour)))
            if not answer.succeeded:
                name = _clock_mistake(caller, made.instance_id, hour)
                readable(answer, http_error=name)
                expect_success(answer, name)

    return body


def _clock_mistake(caller: Caller, instance_id: str, hour: int) -> str:
    """An hour of the morning that passes, where this one does not, gives the 12-hour clock away."""
    if 1 <= hour <= 12:
        return "refuses_correct_request"
    morning = caller.ask(caller.samples.refresh(instance_id, _tomorrow(caller, 9)))
    return "twelve_hour_clock" if morning.succeeded else "refuses_correct_request"


def _at(moment: object) -> Body:
    def body(caller: Caller) -> None:
        caller.need(Refresh)
        assert callable(moment)
        told = moment(caller.clock())
        with caller.borrowed_instance() as made:
            answer = caller.ask(caller.samples.refresh(made.instance_id, told))
            if not answer.succeeded:
                name = _clock_mistake(caller, made.instance_id, told.hour)
                readable(answer, http_error=name)
                expect_success(answer, name)

    return body


def _leap_year(now: datetime) -> int:
    return next(year for year in range(now.year + 1, now.year + 9) if year % 4 == 0 and year % 100)


def _seventeen_digits(caller: Caller) -> None:
    caller.need(Refresh)
    written = dump_milliseconds(_tomorrow(caller, 9).replace(microsecond=256_000))
    with caller.borrowed_instance() as made:
        answer = caller.send(caller.changed(caller.samples.refresh(made.instance_id), {"expireTime": written}))
        readable(answer, http_error="fourteen_digits_only")
        expect_success(answer, "fourteen_digits_only")


def _bad_time(text: str) -> Body:
    def body(caller: Caller) -> None:
        caller.need(Refresh)
        with caller.borrowed_instance() as made:
            answer = caller.send(caller.changed(caller.samples.refresh(made.instance_id), {"expireTime": text}))
            context = Text(en=f"with expireTime={text}", zh=f"expireTime为{text}时")
            expect_refusal(answer, "accepts_bad_time", BAD_PARAMETER, context=context)

    return body


# --- at the same moment ----------------------------------------------------------------------------------------------


def _parallel(caller: Caller) -> None:
    caller.need(Refresh)
    made = [caller.instance() for _ in range(INSTANCES)]
    for turn in range(ROUNDS):
        # Each with a time of its own: who shares a parser of dates between threads mixes them up.
        told = [_tomorrow(caller, 2 + 2 * at, minute=11 + 7 * turn + at) for at in range(INSTANCES)]
        commands = [
            caller.samples.refresh(one.instance_id, until)
            for one, until in zip(made, told, strict=True)
            for _ in range(COPIES)
        ]
        answers = caller.send_simultaneously([caller.request(command) for command in commands])
        reached = admitted(answers)
        for command, answer in zip(commands, answers, strict=True):
            if not answer.succeeded and answer in reached:
                raise failed(_in_a_crowd(caller, command, answer), answer, Text(en="at the same moment", zh="并发时"))
        _each_shows_its_own(caller, made, told)
    caller.give_back(*made)


def _in_a_crowd(caller: Caller, command: Refresh, answer: Answer) -> str:
    """What a refusal shows that comes in a crowd alone: the date, or the signature, was read wrongly."""
    if answer.code == NOT_AUTHENTIC:
        return explain_crowd(caller, lambda: command)
    if not caller.ask(command).succeeded:
        return "refuses_correct_request"
    return "dates_mixed_up" if answer.code == BAD_PARAMETER else "fails_under_load"


def _each_shows_its_own(caller: Caller, made: list[CreatedInstance], told: list[datetime]) -> None:
    if not caller.target.has(Query):
        return
    answers = caller.each(caller.ask, [Query(instance_ids=(one.instance_id,)) for one in made])
    for answer, until in zip(answers, told, strict=True):
        shown = set(dates_in(_members(answer)))
        others = {other.replace(tzinfo=None) for other in told if other != until}
        if shown & others and until.replace(tzinfo=None) not in shown:
            raise failed(
                "dates_mixed_up",
                answer,
                Text(en=f"told {until:%Y-%m-%d %H:%M:%S}", zh=f"设置为{until:%Y-%m-%d %H:%M:%S}"),
            )


# --- effects ---------------------------------------------------------------------------------------------------------


def _renewed(caller: Caller, instance_id: str, until: datetime) -> Answer:
    """The query's answer after the expiry was set."""
    expect_success(caller.ask(caller.samples.refresh(instance_id, until)), context=Text(en="renewal", zh="续费"))
    return caller.ask(Query(instance_ids=(instance_id,)))


def _one_hour_left(caller: Caller) -> None:
    caller.need(Refresh)
    soon = caller.clock().replace(microsecond=0) + timedelta(hours=1)
    with caller.borrowed_instance() as made:
        answer = _renewed(caller, made.instance_id, soon)
        if not answer.succeeded:
            later = _renewed(caller, made.instance_id, soon + timedelta(days=30))
            name = "local_time_expiry" if later.succeeded else "refuses_correct_request"
            raise failed(name, answer, Text(en="query", zh="查询"))


def _shown(caller: Caller) -> None:
    caller.need(Refresh)
    with caller.borrowed_instance() as made:
        # Each with a minute of its own, so that one still shown is not taken for another read wrongly.
        for hour, minute in ((3, 11), (15, 23), (21, 49)):
            told = _tomorrow(caller, hour, minute=minute)
            _shown_rightly(_renewed(caller, made.instance_id, told), told.replace(tzinfo=None))


def _shown_rightly(answer: Answer, told: datetime) -> None:
    shown = list(dates_in(_members(answer)))
    # A seller may show the expiry in its own zone beside UTC; the right one anywhere settles it.
    if told in shown:
        return
    for date in shown:
        name = date_mistake(date, told)
        if name:
            raise Failed(
                name,
                Text(
                    en=f"told {told:%Y-%m-%d %H:%M:%S} UTC, shown {date:%Y-%m-%d %H:%M:%S}",
                    zh=f"设置为{told:%Y-%m-%d %H:%M:%S} UTC，显示为{date:%Y-%m-%d %H:%M:%S}",
                ),
            )


def _set_not_added(caller: Caller) -> None:
    caller.need(Refresh)
    told = _tomorrow(caller, 9)
    answers: list[Answer] = []
    with caller.borrowed_instance() as made:
        command = caller.samples.refresh(made.instance_id, told)
        for _ in range(2):
            expect_success(caller.ask(command), context=Text(en="renewal", zh="续费"))
            answers.append(caller.ask(Query(instance_ids=(made.instance_id,))))
        _same_dates(answers[0], answers[1], told)


def _same_dates(first: Answer, second: Answer, told: datetime) -> None:
    """Dates that the repeat moved, those of the present excepted: a page may show when it was made."""
    before, after = (sorted(set(dates_in(_members(answer)))) for answer in (first, second))
    moved = [date for date in after if date not in before and date > told.replace(tzinfo=None)]
    if moved and len(before) == len(after):
        raise Failed(
            "refresh_adds",
            Text(
                en=f"after the repeat {moved[0]:%Y-%m-%d %H:%M:%S} is shown, told was {told:%Y-%m-%d %H:%M:%S}",
                zh=f"重复之后显示{moved[0]:%Y-%m-%d %H:%M:%S}，设置的是{told:%Y-%m-%d %H:%M:%S}",
            ),
        )


def _moves_back(caller: Caller) -> None:
    caller.need(Refresh)
    # A fresh one: what its creation told must not have been replaced yet.
    made = caller.fresh()
    instance_id = made.instance_id
    later, sooner = _tomorrow(caller, 9) + timedelta(days=37), _tomorrow(caller, 9)
    first = _renewed(caller, instance_id, later)
    if later.replace(tzinfo=None) not in dates_in(_members(first)):
        _frozen_in_time(made, first)
        # Nothing is shown (or in another form), so nothing can be said.
        return
    second = _renewed(caller, instance_id, sooner)
    shown = list(dates_in(_members(second)))
    if sooner.replace(tzinfo=None) in shown:
        return
    name = "refresh_ignored" if later.replace(tzinfo=None) in shown else "refresh_adds"
    raise Failed(
        name,
        Text(en=f"the earlier {sooner:%Y-%m-%d %H:%M:%S} is not shown", zh=f"没有显示更早的{sooner:%Y-%m-%d %H:%M:%S}"),
    )


def _frozen_in_time(made: CreatedInstance, answer: Answer) -> None:
    """A seller that still shows the expiry of the creation, after it accepted another."""
    first = made.expires_at.replace(tzinfo=None) if made.expires_at else None
    if first is not None and first in dates_in(_members(answer)):
        raise Failed(
            "refresh_ignored",
            Text(en=f"{first:%Y-%m-%d %H:%M:%S} is still shown", zh=f"仍显示{first:%Y-%m-%d %H:%M:%S}"),
        )


def _usage_time(caller: Caller) -> None:
    answer = caller.ask(Query(instance_ids=(caller.instance(keep=True).instance_id,)))
    readable(answer)
    times = list(_texts(_members(answer), "statisticalTime"))
    if not times:
        raise Skipped(Text(en="this seller answers no usage", zh="该商家没有返回用量信息"))
    for text in times:
        try:
            at = load_digits(text)
        except ValueError:
            raise Failed("bad_field", Text(en=f"statisticalTime is {text}", zh=f"statisticalTime为{text}")) from None
        if at > caller.clock() + _AHEAD:
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
