"""Group *wire*: connections on which one request follows another, as the market's gateway keeps them.

The market sends its next call on a connection that it used within the last 1.5 s (market/production/gateway.py). A server
that is not at the beginning of a request then, or not listening any more, fails a call that is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.check.answers import Answer, failed
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.kept_connection import CLOSED, ENDLESS, SILENT
from tradepost.check.outcomes import Failed, Skipped, Warned
from tradepost.check.requester import TOO_SOON
from tradepost.protocols.commands import Create, Query
from tradepost.protocols.excerpt import excerpt
from tradepost.protocols.http import Request
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.kept_connection import KeptConnection
    from tradepost.check.target import Target

IDLE = 1.2
"""Seconds between two calls, fewer than the market keeps a connection for."""
PATIENCE = 2.0
"""Seconds, and some answers' time, after which a kept connection counts as silent."""
STALE = -600.0

type Make = Callable[[Caller], Request]


def _right(caller: Caller) -> Request:
    return caller.request(caller.harmless())


def _forged(caller: Caller) -> Request:
    return caller.target.dialect.put(_right(caller), caller.target.dialect.token, "0" * 64)


def _other_forged(caller: Caller) -> Request:
    """Of another activity than the right one, so that its answer could not be mistaken for the other's."""
    if not caller.target.has(Create, Query):
        return _forged(caller)
    dialect = caller.target.dialect
    return dialect.put(caller.request(caller.samples.create(test=True)), dialect.token, "0" * 64)


def _stale(caller: Caller) -> Request:
    return caller.request(caller.harmless(), shift=STALE)


def _unsigned(caller: Caller) -> Request:
    dialect, request = caller.target.dialect, _right(caller)
    for name in filter(None, (dialect.token, dialect.nonce)):
        request = dialect.put(request, name, None)
    return request


@check_factory
def kept(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "wire")
    expected = Text(
        en="the second is answered as on a connection of its own; whoever closes says Connection: close (RFC 9112 §9.3)",
        zh="第二个请求的响应与独立连接时一致；若关闭连接应返回Connection: close（RFC 9112 §9.3）",
    )
    for name, first, title in (
        ("success", _right, Text(en="A request after a success on the same connection", zh="成功之后在同一连接上的请求")),
        ("forged", _forged, Text(en="A request after a wrong signature on the same connection", zh="签名错误之后在同一连接上的请求")),
        ("stale", _stale, Text(en="A request after an old timestamp on the same connection", zh="时间戳过旧之后在同一连接上的请求")),
        ("unsigned", _unsigned, Text(en="A request after an unsigned one on the same connection", zh="缺少签名之后在同一连接上的请求")),
    ):  # fmt: skip
        if first is _stale and not target.dialect.stamped:
            continue
        yield make(
            f"kept.{name}", "answer", _followed(first, _other_forged if first is _right else _right), title, expected
        )
    yield make(
        "kept.idle", "answer", _followed(_right, _right, idle=IDLE),
        Text(en=f"A connection is kept for {IDLE:g} s between two requests", zh=f"两次请求间隔{IDLE:g}秒时连接保持"),
        Text(en="the server does not hang up meanwhile without having said Connection: close (recommended)",
             zh="期间服务器不在未声明Connection: close的情况下断开（建议）"),
    )  # fmt: skip


def _followed(first: Make, second: Make, *, idle: float = 0) -> Body:
    def once(caller: Caller) -> None:
        before, after = _pair(caller, first, second, idle=idle)
        if after is not None and not _as_alone(after, second):
            _explain(caller, before, after, second)

    def body(caller: Caller) -> None:
        caller.need_correct()
        try:
            once(caller)
        except Failed:
            # A network loses a connection now and then; a server that is out of step is so again.
            once(caller)

    return body


def _pair(caller: Caller, first: Make, second: Make, *, idle: float = 0) -> tuple[Answer, Answer | None]:
    """As ``_two``; again, as a market does, where they came too soon for the seller."""
    answers = _two(caller, first(caller), second(caller), idle=idle)
    for _ in range(TOO_SOON):
        if not any(caller.waits_for(answer) for answer in answers if answer is not None):
            break
        answers = _two(caller, first(caller), second(caller), idle=idle)
    return answers


def _two(caller: Caller, first: Request, second: Request, *, idle: float = 0) -> tuple[Answer, Answer | None]:
    """Both answers; no second where the market would take another connection. Raises ``Failed`` for how one ends."""
    with caller.kept_connection() as connection:
        before = _asked(caller, connection, first)
        _ends_well(before, connection)
        if before.received.fault:
            raise failed("deaf_connection" if before.received.fault == SILENT else _known(before), before)
        if idle and connection.open:
            _rested(connection, idle)
        if not connection.open:
            return before, None
        after = _asked(caller, connection, second)
        _ends_well(after, connection)
        return before, after


def _asked(caller: Caller, connection: KeptConnection, request: Request) -> Answer:
    taken = max((answer.received.seconds for answer in caller.history.alone), default=0.0)
    patience = PATIENCE + 3 * taken
    if caller.history.diagnoses & {"deaf_connection", "endless_answer"}:
        # That is known, and need not be waited for again.
        patience /= 4
    return caller.send_kept(connection, request, patience=patience)


def _known(answer: Answer) -> str:
    return "no_answer" if answer.received.fault == CLOSED else answer.received.fault


def _ends_well(answer: Answer, connection: KeptConnection) -> None:
    received = answer.received
    if received.fault == ENDLESS:
        raise failed("endless_answer", answer)
    if received.after:
        quoted = excerpt(received.after)
        raise failed("bytes_after_body", answer, Text(en=f"{quoted} came after it", zh=f"其后还有{quoted}"))
    if connection.hung_up:
        raise failed(
            "hangs_up", answer, Text(en="closed without Connection: close", zh="未声明Connection: close即关闭")
        )


def _as_alone(answer: Answer, made: Make) -> bool:
    return answer.refused if made is _other_forged else answer.accepted


def _explain(caller: Caller, before: Answer, after: Answer, second: Make) -> None:
    """Raises ``Failed`` with what the server is out of step by; ``Skipped`` when the request fails on its own as well."""
    again = caller.send(second(caller))
    if not _as_alone(again, second) or again.received.seconds > PATIENCE:
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


def _works_without_body(caller: Caller, refused: Request) -> bool:
    """Whether only the bytes of the refused body stand in the way: a refusal of an empty one is followed well."""
    try:
        _, after = _two(caller, replace(refused, body=b""), _right(caller))
    except Failed:
        return False
    return after is not None and after.accepted


def _rested(connection: KeptConnection, seconds: float) -> None:
    came = connection.rest(seconds)
    if came:
        quoted = excerpt(came)
        raise Failed("bytes_after_body", Text(en=f"{quoted} came unasked", zh=f"未请求却收到{quoted}"))
    if connection.hung_up:
        raise Warned(
            "short_keep_alive",
            Text(
                en=f"closed within {seconds:g} s, without Connection: close",
                zh=f"{seconds:g}秒内断开，且未声明Connection: close",
            ),
        )
