"""A seller's answer for the checks, parsed leniently, so that each check only judges its own concern.

A missing ``Body-Sign`` must not hide that an order was created twice, so parsing never fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tradepost.protocols.body_sign import HEADER, body_sign
from tradepost.protocols.excerpt import excerpt
from tradepost.protocols.http import Request, Response
from tradepost.protocols.text import Text

from .body_coding import chinese_charset, decompress, is_gzip, utf8_mistake
from .http_client import RawResponse
from .outcomes import Failed, Warned
from .target import Target

SUCCESS = "000000"
NOT_AUTHENTIC = "000001"
BAD_PARAMETER = "000002"
NO_INSTANCE = "000003"
PROCESSING = "000004"
TOO_MANY, UNAVAILABLE = 429, 503
QUICK_ANSWER_SECONDS = 5.0
"""Maximum seconds in newer versions (saas-v2 §3.0)."""
DENIED_STATUSES = frozenset({401, 403, 419})
BOM = b"\xef\xbb\xbf"
_STEP = re.compile(r"[^.\[\]]+")
_LOGIN = re.compile(r"log[ -]?in|sign[ -]?in|type=.?password|登录|登陆", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    request: Request
    received: RawResponse

    @cached_property
    def content(self) -> bytes:
        """The body, decompressed if necessary."""
        return decompress(self.received.body)

    @property
    def text(self) -> str:
        """The decoded body in any supported character set, so that the other checks can read it."""
        content = self.content.removeprefix(BOM)
        charset = chinese_charset(content)
        return content.decode(charset or "utf-8", "replace")

    @cached_property
    def members(self) -> dict[str, object] | None:
        """The JSON object in the body, parsed leniently; None if there is none."""
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def compressed(self) -> str:
        """The coding of a compressed body, whether declared or detected; empty if it is not compressed."""
        declared = (self.received.header("Content-Encoding") or "identity").strip().lower()
        if declared != "identity":
            return declared
        return "gzip" if is_gzip(self.received.body) else ""

    @property
    def syntax(self) -> str:
        """The first syntax error of the JSON; empty if it is valid."""
        try:
            json.loads(self.text)
        except ValueError as error:
            return str(error)
        except RecursionError:
            return "nested too deep"
        return ""

    @property
    def code(self) -> str:
        code = (self.members or {}).get("resultCode")
        return code if isinstance(code, str) else ""

    @property
    def instance_id(self) -> str:
        value = (self.members or {}).get("instanceId")
        return value if isinstance(value, str) else ""

    @property
    def succeeded(self) -> bool:
        """Whether a market would treat the answer as success."""
        return self.received.status == 200 and self.code == SUCCESS

    @property
    def accepted(self) -> bool:
        """Success, or still in progress."""
        return self.received.status == 200 and self.code in {SUCCESS, PROCESSING}

    @property
    def refused(self) -> bool:
        return self.received.status == 200 and self.code not in {"", SUCCESS, PROCESSING}

    @property
    def tells(self) -> bool:
        """Whether a query's answer describes an instance."""
        return bool((self.members or {}).get("info"))

    @property
    def turned_away(self) -> bool:
        """Whether a rate limit, rather than the content of the request, caused the refusal."""
        status = self.received.status
        return status == TOO_MANY or (status == UNAVAILABLE and self.received.header("Retry-After") is not None)

    @property
    def retry_after(self) -> float:
        """Seconds to wait; 1 if none are given, or for a date."""
        text = (self.received.header("Retry-After") or "").strip()
        return float(text) if text.isascii() and text.isdigit() else 1.0

    def with_valid_envelope(self, key: str) -> Response:
        """Return the same body in a correct envelope, so that the protocol's reader only judges the content."""
        body = self.received.body.removeprefix(BOM)
        return Response(200, (("Content-Type", "application/json"), (HEADER, body_sign(body, key))), body)

    def describe(self) -> Text:
        """Return a description of the answer."""
        received = self.received
        if received.fault:
            return Text(en=f"no usable answer: {received.problem}", zh=f"没有可用的响应：{received.problem}")
        if 300 <= received.status < 400:
            target = excerpt(received.header("Location") or "nowhere")
            return Text(
                en=f"HTTP {received.status} came, to {target}", zh=f"返回HTTP {received.status}，跳转到{target}"
            )
        if received.status != 200:
            quotation = excerpt(received.body)
            return Text(
                en=f"HTTP {received.status} came, with {quotation}", zh=f"返回HTTP {received.status}，内容为{quotation}"
            )
        if self.code:
            message = str((self.members or {}).get("resultMsg", ""))
            quotation = excerpt(message)
            return Text(
                en=f"resultCode {self.code} came, resultMsg {quotation}",
                zh=f"返回resultCode {self.code}，resultMsg为{quotation}",
            )
        quotation = excerpt(received.body)
        if self.members is None and received.body and self.syntax:
            return Text(
                en=f"HTTP 200 came, {self.syntax}: {quotation}",
                zh=f"返回HTTP 200，但响应体无法解析（{self.syntax}）：{quotation}",
            )
        return Text(
            en=f"HTTP 200 came without a resultCode: {quotation}", zh=f"返回HTTP 200但没有resultCode：{quotation}"
        )


def answers_of_program(answers: Iterable[Answer]) -> list[Answer]:
    """Return the answers that reached the seller's program; rejected or unconnected requests show nothing about it."""
    admitted_answers = [answer for answer in answers if not answer.turned_away]
    # If none connected, return those failures.
    return [answer for answer in admitted_answers if not answer.received.unreachable] or admitted_answers


def failed(name: str, answer: Answer, context: Text | None = None) -> Failed:
    """Return a failure that describes the answer. ``context``: the request that it answers."""
    description = answer.describe()
    if context:
        description = Text(en=f"{context.en}: {description.en}", zh=f"{context.zh}：{description.zh}")
    failure = Failed(name, description)
    failure.request, failure.code, failure.status = answer.request, answer.code, answer.received.status
    return failure


def expect_readable(answer: Answer, *, http_error: str = "http_status", context: Text | None = None) -> None:
    """Require HTTP 200 with a JSON object that has a resultCode. ``http_error``: diagnosis of another status."""
    expect_complete(answer, context)
    expect_ok(answer, http_error=http_error, context=context)
    expect_plain(answer, context)
    expect_object(answer, context)
    expect_code(answer, context)


def expect_complete(answer: Answer, context: Text | None = None) -> None:
    """Require a complete HTTP answer."""
    if answer.received.fault:
        raise failed(answer.received.fault, answer, context)


def expect_ok(answer: Answer, *, http_error: str = "http_status", context: Text | None = None) -> None:
    """Require HTTP status 200. Statuses with a more precise diagnosis replace ``http_error``."""
    received = answer.received
    if 300 <= received.status < 400:
        raise failed("redirect", answer, context)
    if answer.turned_away:
        raise failed("rate_limited", answer, context)
    if received.status == 405:
        raise failed("method_not_allowed", answer, context)
    if received.status == 404 and http_error == "http_status":
        raise failed("not_found", answer, context)
    if received.status in DENIED_STATUSES and http_error == "http_status":
        raise failed("access_denied", answer, context)
    if received.status != 200:
        # Another success is not an error page, so its own diagnosis is more precise.
        raise failed(http_error if received.status >= 400 else "http_status", answer, context)


def expect_plain(answer: Answer, context: Text | None = None) -> None:
    """Require an uncompressed body."""
    if answer.compressed:
        raise failed("compressed", answer, context)


def expect_object(answer: Answer, context: Text | None = None) -> None:
    """Require a JSON object in the body, parsed leniently."""
    if answer.members is None:
        raise failed(unreadable_reason(answer.received), answer, context)


def expect_code(answer: Answer, context: Text | None = None) -> None:
    """Require a resultCode of six digits."""
    if not answer.code:
        raise failed(_missing_code_diagnosis(answer.members or {}), answer, context)
    if not (answer.code.isascii() and answer.code.isdigit() and len(answer.code) == 6):
        raise failed("bad_result_code", answer, context)


def is_misspelt(path: str, members: Mapping[str, object]) -> bool:
    """Return whether a missing field is present in another spelling. ``path``: as in ``Violation``."""
    value: object = members
    *parents, name = _STEP.findall(path)
    for step in parents:
        if step.isdigit() and isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    names = value if isinstance(value, Mapping) else ()
    return any(spelling != name and _letters(spelling) == _letters(name) for spelling in names)


def _letters(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _missing_code_diagnosis(members: Mapping[str, object]) -> str:
    if members.get("resultCode") not in (None, ""):
        return "wrong_type"
    if is_misspelt("resultCode", members):
        return "field_case"
    is_wrapped = any(isinstance(value, dict) and "resultCode" in value for value in members.values())
    return "wrapped_answer" if is_wrapped else "missing_result"


def expect_in_time(answer: Answer, target: Target, name: str = "slow_answer") -> None:
    """Raise ``Failed`` for an answer that took too long, ``Warned`` for one that is too slow for newer versions."""
    seconds = answer.received.seconds
    if seconds <= min(QUICK_ANSWER_SECONDS, target.seconds):
        return
    kind = Failed if seconds > target.seconds else Warned
    raise kind(name, Text(en=f"the slowest answer took {seconds:.1f} s", zh=f"最慢的响应用了{seconds:.1f}秒"))


def expect_success(answer: Answer, name: str = "refuses_correct_request", context: Text | None = None) -> None:
    expect_readable(answer, context=context)
    if answer.code != SUCCESS:
        raise failed(name, answer, context)


def expect_accepted(answer: Answer, name: str = "refuses_correct_request", context: Text | None = None) -> None:
    """Require success or 000004."""
    expect_readable(answer, context=context)
    if not answer.accepted:
        raise failed(name, answer, context)


def expect_refusal(
    answer: Answer,
    name: str,
    *codes: str,
    http_error: str = "http_error_for_bad_request",
    context: Text | None = None,
) -> None:
    """Require a readable refusal, with one of the codes if any are given. ``name``: diagnosis of a success."""
    expect_readable(answer, http_error=http_error, context=context)
    if answer.accepted:
        raise failed(name, answer, context)
    if codes and answer.code not in codes:
        raise failed("other_result_code", answer, context)


def unreadable_reason(received: RawResponse) -> str:
    """Return the reason why a body is not a JSON object."""
    if not received.body.strip():
        return "empty_body"
    if received.body.startswith(BOM):
        return "bom"
    if received.after and _is_json(received.body + received.after):
        return "bytes_after_body"
    encoding_mistake = utf8_mistake(received.body)
    if encoding_mistake:
        return encoding_mistake
    media_type = (received.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        return "wrapped_answer" if _contains_result(received.body) else "not_json"
    # A page instead of an answer has the same cause as its content type: another part of the server answered.
    page = received.body.decode("utf-8", "replace")
    return "login_page" if "<" in page and _LOGIN.search(page) else "wrong_content_type"


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _contains_result(body: bytes) -> bool:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and any(isinstance(item, dict) and "resultCode" in item for item in value)
