"""Group *wire*: bytes of an answer that a market compares literally (saas-v2 §2.6, §3.0)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import BOM, Answer, expect_readable, failed
from tradepost.check.body_coding import utf8_mistake
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Warned
from tradepost.check.probes import Probe, forged, harmless, real_query
from tradepost.check.signature_diagnosis import read_body_sign
from tradepost.protocols.body_sign import HEADER
from tradepost.protocols.commands import Create, Query
from tradepost.protocols.excerpt import excerpt
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target


@check_factory
def framing(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "wire")
    for name, title, judge, expected in (
        ("complete", Text(en="The body is framed correctly", zh="响应体的长度与分块正确"), _framed,
         Text(en="Content-Length is the number of bytes, or sound chunks; nothing after the body",
              zh="Content-Length等于字节数，或分块正确；响应体之后没有多余字节")),
        ("direct", Text(en="The address answers itself", zh="由地址直接响应"), _direct, Text(en="no redirect", zh="不重定向")),
        ("plain", Text(en="The answer is not compressed", zh="响应未压缩"), _plain,
         Text(en="no Content-Encoding, since the market offers none", zh="没有Content-Encoding，因为云商店未声明支持")),
        ("no_bom", Text(en="The body starts with its brace", zh="响应体以左花括号开始"), _no_bom, Text(en="no byte order mark", zh="没有BOM")),
        ("header_form", Text(en="Body-Sign has its exact name and quotes", zh="Body-Sign名称大小写与引号正确"), _form,
         Text(en='Body-Sign: sign_type="HMAC-SHA256", signature="…", the name compared with its case',
              zh='Body-Sign: sign_type="HMAC-SHA256", signature="…"，名称区分大小写')),
        ("single_headers", Text(en="Content-Type and Body-Sign are there once", zh="Content-Type和Body-Sign各出现一次"), _single,
         Text(en="each header once", zh="每个响应头只出现一次")),
    ):  # fmt: skip
        yield make(f"success.{name}", "answer", _on_answer(harmless, judge), title, expected)
        yield make(
            f"refusal.{name}", "answer", _on_answer(forged, judge),
            Text(en=f"{title.en}, in a refusal", zh=f"{title.zh}（拒绝时）"), expected,
        )  # fmt: skip
    if target.has(Query, Create):
        yield make(
            "ascii", target.activity(Query), _ascii,
            Text(en="Chinese text is sent as \\u escapes", zh="中文以\\u转义发送"),
            Text(en="a body of ASCII bytes only", zh="响应体只含ASCII字节"),
        )  # fmt: skip


def _on_answer(probe: Probe, judge: Callable[[Answer], None]) -> Body:
    def body(caller: Caller) -> None:
        caller.linger = judge is _framed
        judge(probe(caller))

    return body


def _framed(answer: Answer) -> None:
    received = answer.received
    if received.fault:
        raise failed(received.fault, answer)
    if received.after:
        quotation = excerpt(received.after)
        raise Failed("bytes_after_body", Text(en=f"{quotation} came after the body", zh=f"响应体之后还有{quotation}"))
    lengths = set(received.all("Content-Length"))
    if len(lengths) > 1 or (lengths and received.header("Transfer-Encoding")):
        raise Failed(
            "repeated_header", Text(en="two statements about the length of the body", zh="存在两个响应体长度声明")
        )


def _direct(answer: Answer) -> None:
    if answer.received.fault or 300 <= answer.received.status < 400:
        raise failed(answer.received.fault or "redirect", answer)


def _plain(answer: Answer) -> None:
    if answer.compressed:
        coding = answer.compressed
        raise Failed("compressed", Text(en=f"the body came as {coding}", zh=f"响应体以{coding}压缩"))


def _no_bom(answer: Answer) -> None:
    first_bytes = answer.received.body[:4]
    if first_bytes.startswith(b"\xef\xbb\xbf"):
        raise Failed(
            "bom", Text(en=f"the body starts with {first_bytes.hex(' ')}", zh=f"响应体以{first_bytes.hex(' ')}开头")
        )


def _form(answer: Answer) -> None:
    for name, value in answer.received.headers:
        if name.lower() != HEADER.lower():
            continue
        mistake = read_body_sign(value)[1]
        if name != HEADER or mistake:
            header_shown = excerpt(f"{name}: {value}", limit=160)
            raise Failed(
                "header_case" if name != HEADER else mistake, Text(en=f"{header_shown} came", zh=f"收到{header_shown}")
            )


def _single(answer: Answer) -> None:
    for name in ("Content-Type", "Body-Sign"):
        number = len(answer.received.all(name))
        if number > 1:
            raise Failed("repeated_header", Text(en=f"{name} came {number} times", zh=f"{name}出现了{number}次"))


def _ascii(caller: Caller) -> None:
    answer = real_query(caller)
    expect_readable(answer)
    body = answer.received.body
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Failed(utf8_mistake(body), _byte(body, error.start)) from None
    body = body.removeprefix(BOM)
    if not body.isascii():
        position = next(position for position, byte in enumerate(body) if byte > 127)
        observation = _byte(body, position)
        if _raw_memo(body):
            raise Failed("raw_chinese", observation)
        raise Warned("raw_non_ascii", observation)


def _byte(body: bytes, position: int) -> Text:
    return Text(en=f"byte {position} is {body[position]:#x}", zh=f"第{position}个字节为{body[position]:#x}")


def _raw_memo(body: bytes) -> bool:
    """Return whether a memo has bytes other than ASCII, which the table forbids."""
    memos = re.findall(rb'"memo"\s*:\s*"((?:[^"\\]|\\.)*)"', body)
    return any(not memo.isascii() for memo in memos)
