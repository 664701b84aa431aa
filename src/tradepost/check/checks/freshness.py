"""Group *signature*: timestamp and nonce of a request (saas-v2 §2.4)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    BAD_PARAMETER,
    NOT_AUTHENTIC,
    answers_of_program,
    expect_accepted,
    expect_readable,
    expect_refusal,
    failed,
)
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.dialects import UrlDialect
from tradepost.check.forgeries import last_character
from tradepost.check.outcomes import Skipped, Warned
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.text import Text

from .signature import expect_forgery_refused

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target
    from tradepost.protocols.http import Request

REPLAYED_CHECK = "signature.replayed"
"""Runs before the others, so that time passes until its request is repeated."""
REPLAYED_LATER_NAME = "replayed_later"
REPEATS_ALWAYS_ACCEPTED = Text(
    en="repeats are accepted in any case, see signature.replayed", zh="重复请求本就被接受，见signature.replayed"
)
COPIES = 8
MAX_REPLAY_AGE = 50
"""Seconds in which a request cannot be refused because of its age."""
OLD_STAMP_AGE = 45.0
"""In seconds: still valid, but older than a nonce memory that is too short."""


@check_factory
def stamped(target: Target) -> Iterable[Check]:
    if not target.dialect.stamped:
        return
    make = CheckBuilder(target, "signature")
    replays = _Replays()
    for name, title, shift in (
        ("stale", Text(en="A request that is 2 minutes old is refused", zh="2分钟前的请求被拒绝"), -120.0),
        ("very_stale", Text(en="A request that is one day old is refused", zh="一天前的请求被拒绝"), -86_400.0),
        ("just_stale", Text(en="A request that is 80 s old is refused", zh="80秒前的请求被拒绝"), -80.0),
        ("future", Text(en="A request from 2 minutes ahead is refused", zh="2分钟后的请求被拒绝"), 120.0),
        ("just_ahead", Text(en="A request from 80 s ahead is refused", zh="80秒后的请求被拒绝"), 80.0),
    ):
        yield make(
            name, "freshness", _untimely(shift), title,
            Text(en="HTTP 200 with resultCode 000002: 60,000 ms to either side are allowed", zh="返回000002：前后允许60000毫秒"),
        )  # fmt: skip
    for name, title, shift in (
        ("slightly_old", Text(en="A request that is 30 s old is accepted", zh="30秒前的请求被接受"), -30.0),
        ("slightly_ahead", Text(en="A request from 30 s ahead is accepted", zh="30秒后的请求被接受"), 30.0),
    ):
        yield make(
            name, "freshness", _timely(shift), title,
            Text(en="resultCode 000000: clocks may differ by 60,000 ms", zh="返回000000：时钟允许相差60000毫秒"),
        )  # fmt: skip
    for name, title, value in (
        ("no_timestamp", Text(en="A request without a timestamp is refused", zh="没有时间戳的请求被拒绝"), None),
        (
            "timestamp_text",
            Text(en="A timestamp that is no number is refused", zh="时间戳不是数字的请求被拒绝"),
            "yesterday",
        ),
    ):
        yield make(
            name, "freshness", _bad_timestamp(value), title,
            Text(en="HTTP 200 with resultCode 000002" + ("" if value is None else " or 000001"),
                 zh="返回HTTP 200和resultCode 000002" + ("" if value is None else "或000001")),
        )  # fmt: skip
    if not target.specification.seconds_accepted:
        yield make(
            "timestamp_in_seconds", "freshness", _seconds,
            Text(en="A timestamp in seconds is refused", zh="以秒为单位的时间戳被拒绝"),
            Text(en="HTTP 200 with resultCode 000002 (recommended): the unit is milliseconds, though some editions print seconds",
                 zh="建议返回HTTP 200和resultCode 000002：单位是毫秒（部分版本文档写作秒）"),
        )  # fmt: skip
    yield make(
        "timestamp_changed", "freshness", _timestamp_changed,
        Text(en="A timestamp changed after signing is refused", zh="签名后改动时间戳的请求被拒绝"),
        Text(en="HTTP 200 with resultCode 000001", zh="返回HTTP 200和resultCode 000001"),
    )  # fmt: skip
    yield make(
        "no_nonce", "freshness", _no_nonce,
        Text(en="A request without a nonce is refused", zh="没有nonce的请求被拒绝"),
        Text(en="HTTP 200 with resultCode 000002", zh="返回HTTP 200和resultCode 000002"),
    )  # fmt: skip
    yield make(
        "nonce_changed", "freshness", _nonce_changed,
        Text(en="A nonce changed after signing is refused", zh="签名后改动nonce的请求被拒绝"),
        Text(en="HTTP 200 with resultCode 000001", zh="返回HTTP 200和resultCode 000001"),
    )  # fmt: skip
    yield make(
        "replayed", "freshness", replays.at_once,
        Text(en="The same request sent twice is refused the second time", zh="同一请求第二次发送时被拒绝"),
        Text(en="the first is accepted, the second refused (000001): nonces are remembered for 120 s",
             zh="第一次被接受，第二次被拒绝（000001）：nonce至少保存120秒"),
        alone=True,
    )  # fmt: skip
    yield make(
        "nonce_reused", "freshness", _nonce_reused,
        Text(en="A used nonce in a newly signed request is refused", zh="重新签名但nonce已用过的请求被拒绝"),
        Text(en="the second request is refused, whatever else it holds", zh="第二个请求无论内容如何都被拒绝"),
    )  # fmt: skip
    yield make(
        REPLAYED_LATER_NAME, "freshness", replays.later,
        Text(en="A used nonce is still refused some seconds and requests later", zh="数秒、若干请求之后，用过的nonce仍被拒绝"),
        Text(en="the repeat is refused: nonces are to be cached, for how long is not stated; as long as its timestamp is fresh "
                "(60,000 ms) nothing else stops a replay",
             zh="重复被拒绝：文档要求缓存nonce但未规定时长；时间戳仍在60000毫秒之内时，只有nonce能阻止重放"),
        alone=True,
    )  # fmt: skip
    yield make(
        "replayed_old", "freshness", _replayed_old,
        Text(en=f"The same request sent twice is refused when its timestamp is {OLD_STAMP_AGE:g} s old", zh=f"时间戳为{OLD_STAMP_AGE:g}秒前的同一请求第二次发送时被拒绝"),
        Text(en="the first is accepted, the second refused: nonces are remembered from when they came, not from when they were sent",
             zh="第一次被接受，第二次被拒绝：nonce的保存时长应从收到时起算，而不是从时间戳起算"),
    )  # fmt: skip
    yield make(
        "replayed_together", "freshness", _replayed_together,
        Text(en=f"Of {COPIES} copies at the same moment one is accepted", zh=f"同时到达的{COPIES}个副本只有一个被接受"),
        Text(en="the others are refused: looking a nonce up and remembering it is one step", zh="其余被拒绝：查询并记录nonce应为一步"),
        alone=True,
    )  # fmt: skip
    yield make(
        "nonce_case", "freshness", _nonce_case,
        Text(en="A nonce in the other case is another nonce", zh="仅大小写不同的nonce是另一个nonce"),
        Text(en="resultCode 000000: nonces hold letters of both cases", zh="返回000000：nonce包含大小写字母"),
    )  # fmt: skip
    yield make(
        "nonce_not_burnt", "freshness", _nonce_not_burnt,
        Text(en="A forged request does not use up the nonce of a correct one", zh="伪造的请求不会消耗正确请求的nonce"),
        Text(en="the correct request is accepted after a forged one with its nonce (recommended)",
             zh="建议：伪造请求之后，使用同一nonce的正确请求仍被接受"),
    )  # fmt: skip


def _untimely(shift: float) -> Body:
    def body(caller: Caller) -> None:
        name = "accepts_stale_timestamp" if shift < 0 else "accepts_future_timestamp"
        answer = caller.send(caller.request(caller.harmless(), shift=shift))
        expect_refusal(answer, name, *caller.target.specification.untimely_codes)

    return body


def _timely(shift: float) -> Body:
    def body(caller: Caller) -> None:
        caller.need_correct()
        expect_accepted(caller.send(caller.request(caller.harmless(), shift=shift)), "window_too_narrow")

    return body


def _bad_timestamp(value: str | None) -> Body:
    def body(caller: Caller) -> None:
        dialect = caller.target.dialect
        request = caller.request(caller.harmless())
        if isinstance(dialect, UrlDialect):
            # Signed, so that only the timestamp is wrong.
            request = dialect.signed_bytes(request, request.body, caller.signing_inputs(), timestamp=value or "")
        if value is None or not isinstance(dialect, UrlDialect):
            request = dialect.put(request, dialect.timestamp, value)
        # No document names the code for a timestamp that is not a number (saas-v2 §2.4).
        codes = caller.target.specification.untimely_codes if value is None else (BAD_PARAMETER, NOT_AUTHENTIC)
        expect_refusal(caller.send(request), "timestamp_not_required", *codes)

    return body


def _seconds(caller: Caller) -> None:
    dialect = caller.target.dialect
    request = caller.request(caller.harmless())
    if not isinstance(dialect, UrlDialect):
        raise Skipped(Text(en="only asked where the timestamp stands in the URL", zh="仅适用于时间戳在URL中的版本"))
    inputs = caller.signing_inputs()
    request = dialect.signed_bytes(request, request.body, inputs, timestamp=str(epoch_ms(inputs.now) // 1000))
    answer = caller.send(request)
    if answer.accepted and not caller.ask(caller.harmless()).accepted:
        raise failed("timestamp_in_seconds", answer)
    if answer.accepted and not caller.send(caller.request(caller.harmless(), shift=-86_400)).accepted:
        # A seller may accept both units, since the editions disagree (saas-v2 §11).
        raise Warned("accepts_seconds", answer.describe())
    expect_refusal(answer, "accepts_stale_timestamp", *caller.target.specification.untimely_codes)


def _timestamp_changed(caller: Caller) -> None:
    dialect = caller.target.dialect
    request = caller.request(caller.harmless())
    changed_timestamp = str(int(dialect.get(request, dialect.timestamp)) - 1)
    answer = caller.send(dialect.put(request, dialect.timestamp, changed_timestamp))
    expect_forgery_refused(caller, answer, "accepts_wrong_signature")


def _no_nonce(caller: Caller) -> None:
    dialect = caller.target.dialect
    request = caller.request(caller.harmless())
    # Signed with an empty nonce, so that only its absence is wrong.
    request = dialect.signed(request, dialect.members(request), caller.signing_inputs(nonce=""))
    expect_refusal(
        caller.send(dialect.put(request, dialect.nonce, None)),
        "nonce_not_required",
        *caller.target.specification.untimely_codes,
    )


def _nonce_changed(caller: Caller) -> None:
    dialect = caller.target.dialect
    request = caller.request(caller.harmless())
    answer = caller.send(dialect.put(request, dialect.nonce, caller.chance()))
    expect_forgery_refused(caller, answer, "accepts_wrong_signature")


@dataclass(slots=True)
class _Replays:
    """Two checks with one request: the first repeats it at once, the second later."""

    accepted: tuple[float, Request] | None = None
    """The request, and the time of its acceptance."""

    def at_once(self, caller: Caller) -> None:
        caller.need_correct()
        request = caller.request(caller.harmless())
        expect_accepted(caller.send(request), context=Text(en="first time", zh="第一次"))
        self.accepted = time.monotonic(), request
        # Several times, since each worker of a server may have its own memory.
        for repeated_answer in answers_of_program(caller.send_simultaneously([request] * COPIES)):
            expect_refusal(repeated_answer, "accepts_replayed_nonce", context=Text(en="sent again", zh="重复发送"))
        expect_accepted(caller.ask(caller.harmless()), context=Text(en="another request", zh="另一请求"))
        answer = caller.send(request)
        expect_refusal(answer, "accepts_replayed_nonce", context=Text(en="after another request", zh="其他请求之后"))

    def later(self, caller: Caller) -> None:
        caller.need_correct()
        if self.accepted is None or time.monotonic() - self.accepted[0] > MAX_REPLAY_AGE:
            # The old request would be refused because of its age.
            request = caller.request(caller.harmless())
            expect_accepted(caller.send(request), context=Text(en="first time", zh="第一次"))
            self.accepted = time.monotonic(), request
        used_at, request = self.accepted
        if "accepts_replayed_nonce" not in caller.history.diagnoses:
            # The check needs real time to pass: a nonce memory of some seconds must have expired.
            time.sleep(max(0.0, used_at + caller.options.replay_after - time.monotonic()))
        since = time.monotonic() - used_at
        context = Text(en=f"{since:.0f} s later", zh=f"{since:.0f}秒之后")
        expect_refusal(caller.send(request), "accepts_replayed_nonce", context=context)


def _replayed_old(caller: Caller) -> None:
    caller.need_correct()
    request = caller.request(caller.harmless(), shift=-OLD_STAMP_AGE)
    if not caller.send(request).accepted:
        raise Skipped(
            Text(
                en="the first is refused already, see signature.slightly_old",
                zh="第一次即被拒绝，见signature.slightly_old",
            )
        )
    # Memories that expire by age do so when the next request arrives.
    caller.ask(caller.harmless())
    repeated_answer = caller.send(request)
    fresh = caller.request(caller.harmless())
    if repeated_answer.accepted and all(caller.send(fresh).accepted for _ in range(2)):
        raise Skipped(REPEATS_ALWAYS_ACCEPTED)
    expect_refusal(repeated_answer, "accepts_replayed_nonce", context=Text(en="sent again", zh="重复发送"))


def _nonce_reused(caller: Caller) -> None:
    caller.need_correct()
    nonce = caller.chance()
    command = caller.harmless()
    expect_accepted(caller.send(caller.request(command, nonce=nonce)), context=Text(en="first time", zh="第一次"))
    later_answer = caller.send(caller.request(command, nonce=nonce, shift=1))
    expect_refusal(later_answer, "accepts_replayed_nonce", context=Text(en="one second later", zh="一秒之后"))
    dialect = caller.target.dialect
    changed_request = dialect.put(caller.changed(command, {"newField": "abc"}, nonce=nonce), dialect.nonce, nonce)
    expect_refusal(
        caller.send(changed_request), "accepts_replayed_nonce", context=Text(en="with another body", zh="换一个请求体")
    )


def _replayed_together(caller: Caller) -> None:
    caller.need_correct()
    request = caller.request(caller.harmless())
    accepted_count = sum(answer.accepted for answer in caller.send_simultaneously([request] * COPIES))
    if accepted_count > 1 and caller.send(request).accepted:
        raise Skipped(REPEATS_ALWAYS_ACCEPTED)
    if accepted_count > 1:
        raise Warned(
            "nonce_race",
            Text(en=f"{accepted_count} of {COPIES} were accepted", zh=f"{COPIES}个中有{accepted_count}个被接受"),
        )


def _nonce_case(caller: Caller) -> None:
    caller.need_correct()
    nonce = f"{caller.chance()[:24]}aBcD"
    expect_accepted(caller.send(caller.request(caller.harmless(), nonce=nonce)), context=Text(en="first", zh="第一个"))
    other_answer = caller.send(caller.request(caller.harmless(), nonce=nonce.swapcase()))
    expect_readable(other_answer)
    if not other_answer.accepted:
        description = other_answer.describe()
        raise Warned("nonce_case", Text(en=f"in the other case: {description.en}", zh=f"换大小写后：{description.zh}"))


def _nonce_not_burnt(caller: Caller) -> None:
    request = caller.request(caller.harmless())
    caller.need_correct()
    if caller.send(last_character(caller, request)).accepted:
        raise Skipped(Text(en="a forged request is accepted already", zh="伪造的请求已经被接受"))
    answer = caller.send(request)
    expect_readable(answer)
    if not answer.accepted:
        raise Warned("nonce_burnt", answer.describe())
