"""Group *wire*: several requests on one connection, as the market's gateway sends them.

The market sends its next call on a connection that it used within the last 1.5 s (market/production/gateway.py). A
correct call fails if the server is then inside another request or no longer reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.check.answers import Answer, failed
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.kept_connection import CLOSED, ENDLESS, SILENT
from tradepost.check.outcomes import Failed, Skipped, Warned
from tradepost.check.requester import MAX_RATE_RETRIES
from tradepost.protocols.commands import Create, Query
from tradepost.protocols.excerpt import excerpt
from tradepost.protocols.http import Request
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.kept_connection import KeptConnection
    from tradepost.check.target import Target

IDLE_SECONDS = 1.2
"""Seconds between two calls, less than the market keeps a connection."""
MAX_ANSWER_SECONDS = 2.0
"""Seconds, in addition to typical answer times, after which a kept connection is silent."""
STALE_SHIFT = -600.0

type RequestFactory = Callable[[Caller], Request]


def _correct(caller: Caller) -> Request:
    return caller.request(caller.harmless())


def _forged(caller: Caller) -> Request:
    return caller.target.dialect.put(_correct(caller), caller.target.dialect.token, "0" * 64)


def _other_forged(caller: Caller) -> Request:
    """For another activity than the correct request, so that the two answers differ."""
    if not caller.target.has(Create, Query):
        return _forged(caller)
    dialect = caller.target.dialect
    return dialect.put(caller.request(caller.samples.create(test=True)), dialect.token, "0" * 64)


def _stale(caller: Caller) -> Request:
    return caller.request(caller.harmless(), shift=STALE_SHIFT)


def _unsigned(caller: Caller) -> Request:
    dialect, request = caller.target.dialect, _correct(caller)
    for name in filter(None, (dialect.token, dialect.nonce)):
        request = dialect.put(request, name, None)
    return request


@check_factory
def kept_connections(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "wire")
    expected = Text(
        en="the second is answered as on a connection of its own; whoever closes says Connection: close (RFC 9112 §9.3)",
        zh="第二个请求的响应与独立连接时一致；若关闭连接应返回Connection: close（RFC 9112 §9.3）",
    )
    for name, first, title in (
        ("success", _correct, Text(en="A request after a success on the same connection", zh="成功之后在同一连接上的请求")),
        ("forged", _forged, Text(en="A request after a wrong signature on the same connection", zh="签名错误之后在同一连接上的请求")),
        ("stale", _stale, Text(en="A request after an old timestamp on the same connection", zh="时间戳过旧之后在同一连接上的请求")),
        ("unsigned", _unsigned, Text(en="A request after an unsigned one on the same connection", zh="缺少签名之后在同一连接上的请求")),
    ):  # fmt: skip
        if first is _stale and not target.dialect.stamped:
            continue
        yield make(
            f"kept.{name}",
            "answer",
            _pair_check(first, _other_forged if first is _correct else _correct),
            title,
            expected,
        )
    yield make(
        "kept.idle", "answer", _pair_check(_correct, _correct, idle=IDLE_SECONDS),
        Text(en=f"A connection is kept for {IDLE_SECONDS:g} s between two requests", zh=f"两次请求间隔{IDLE_SECONDS:g}秒时连接保持"),
        Text(en="the server does not hang up meanwhile without having said Connection: close (recommended)",
             zh="期间服务器不在未声明Connection: close的情况下断开（建议）"),
    )  # fmt: skip


def _pair_check(first: RequestFactory, second: RequestFactory, *, idle: float = 0) -> Body:
    def once(caller: Caller) -> None:
        before, after = _send_pair(caller, first, second, idle=idle)
        if after is not None and not _is_expected_answer(after, second):
            _explain(caller, before, after, second)

    def body(caller: Caller) -> None:
        caller.need_correct()
        try:
            once(caller)
        except Failed:
            # A network may lose a connection; a server that is out of step fails again.
            once(caller)

    return body


def _send_pair(
    caller: Caller, first: RequestFactory, second: RequestFactory, *, idle: float = 0
) -> tuple[Answer, Answer | None]:
    """Call ``_send_two``, and repeat it like a market if the seller limits the rate."""
    answers = _send_two(caller, first(caller), second(caller), idle=idle)
    for _ in range(MAX_RATE_RETRIES):
        if not any(caller.waits_for(answer) for answer in answers if answer is not None):
            break
        answers = _send_two(caller, first(caller), second(caller), idle=idle)
    return answers


def _send_two(caller: Caller, first: Request, second: Request, *, idle: float = 0) -> tuple[Answer, Answer | None]:
    """Return both answers; no second one if the market would use another connection. Raises ``Failed`` if a connection
    ends badly."""
    with caller.kept_connection() as connection:
        before = _send(caller, connection, first)
        _expect_complete_answer(before, connection)
        if before.received.fault:
            raise failed("deaf_connection" if before.received.fault == SILENT else _diagnosis(before), before)
        if idle and connection.open:
            _wait(connection, idle)
        if not connection.open:
            return before, None
        after = _send(caller, connection, second)
        _expect_complete_answer(after, connection)
        return before, after


def _send(caller: Caller, connection: KeptConnection, request: Request) -> Answer:
    slowest = max((answer.received.seconds for answer in caller.history.alone), default=0.0)
    patience = MAX_ANSWER_SECONDS + 3 * slowest
    if caller.history.diagnoses & {"deaf_connection", "endless_answer"}:
        # The fault is known, so a shorter wait is enough.
        patience /= 4
    return caller.send_kept(connection, request, patience=patience)


def _diagnosis(answer: Answer) -> str:
    return "no_answer" if answer.received.fault == CLOSED else answer.received.fault


def _expect_complete_answer(answer: Answer, connection: KeptConnection) -> None:
    received = answer.received
    if received.fault == ENDLESS:
        raise failed("endless_answer", answer)
    if received.after:
        quotation = excerpt(received.after)
        raise failed("bytes_after_body", answer, Text(en=f"{quotation} came after it", zh=f"其后还有{quotation}"))
    if connection.hung_up:
        raise failed(
            "hangs_up", answer, Text(en="closed without Connection: close", zh="未声明Connection: close即关闭")
        )


def _is_expected_answer(answer: Answer, make: RequestFactory) -> bool:
    return answer.refused if make is _other_forged else answer.accepted


def _explain(caller: Caller, before: Answer, after: Answer, second: RequestFactory) -> None:
    """Raise ``Failed`` with the reason why the server is out of step, or ``Skipped`` if the request fails on a new
    connection, too."""
    repeated_answer = caller.send(second(caller))
    if not _is_expected_answer(repeated_answer, second) or repeated_answer.received.seconds > MAX_ANSWER_SECONDS:
        raise Skipped(Text(en="it fails on a connection of its own as well", zh="在独立连接上同样失败"))
    raise failed(_name(caller, before, after), after, Text(en="the second request", zh="第二个请求"))


def _name(caller: Caller, before: Answer, after: Answer) -> str:
    received = after.received
    if before.refused and before.request.body and _works_without_body(caller, before.request):
        return "unread_body"
    if received.fault == SILENT:
        return "deaf_connection"
    if received.fault == CLOSED:
        return "hangs_up"
    return "old_answer" if received.body and received.body == before.received.body else "out_of_step"


def _works_without_body(caller: Caller, refused_request: Request) -> bool:
    """Return whether the unread body of the refused request is the cause: a request without a body is followed
    correctly."""
    try:
        _, after = _send_two(caller, replace(refused_request, body=b""), _correct(caller))
    except Failed:
        return False
    return after is not None and after.accepted


def _wait(connection: KeptConnection, seconds: float) -> None:
    unexpected_bytes = connection.rest(seconds)
    if unexpected_bytes:
        quotation = excerpt(unexpected_bytes)
        raise Failed("bytes_after_body", Text(en=f"{quotation} came unasked", zh=f"未请求却收到{quotation}"))
    if connection.hung_up:
        raise Warned(
            "short_keep_alive",
            Text(
                en=f"closed within {seconds:g} s, without Connection: close",
                zh=f"{seconds:g}秒内断开，且未声明Connection: close",
            ),
        )
