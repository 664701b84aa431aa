"""A seller's answer as the checks look at it: read as far as it can be, each check judging only its own concern.

A missing ``Body-Sign`` must not hide that an order was created twice, so nothing here refuses to read.
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

from .body_coding import not_utf8, other_charset, packed, unpacked
from .http_client import Received
from .outcomes import Failed, Warned
from .target import Target

SUCCESS = "000000"
NOT_AUTHENTIC = "000001"
BAD_PARAMETER = "000002"
NO_INSTANCE = "000003"
PROCESSING = "000004"
TOO_MANY, UNAVAILABLE = 429, 503
QUICK = 5.0
"""Seconds for which newer versions wait (saas-v2 §3.0)."""
DENIED = frozenset({401, 403, 419})
BOM = b"\xef\xbb\xbf"
_STEP = re.compile(r"[^.\[\]]+")
_LOGIN = re.compile(r"log[ -]?in|sign[ -]?in|type=.?password|登录|登陆", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    request: Request
    received: Received

    @cached_property
    def content(self) -> bytes:
        """The body, uncompressed where it was compressed."""
        return unpacked(self.received.body)

    @property
    def text(self) -> str:
        """What is written in the body, in whatever character set: the other checks must be able to read on."""
        content = self.content.removeprefix(BOM)
        charset = other_charset(content)
        return content.decode(charset or "utf-8", "replace")

    @cached_property
    def members(self) -> dict[str, object] | None:
        """The JSON object in the body, leniently; None when there is none."""
        try:
            value = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def compressed(self) -> str:
        """The coding of a compressed body, named or not; empty when it is not compressed."""
        named = (self.received.header("Content-Encoding") or "identity").strip().lower()
        if named != "identity":
            return named
        return "gzip" if packed(self.received.body) else ""

    @property
    def syntax(self) -> str:
        """Where the body stops being JSON; empty when it does not."""
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
        found = (self.members or {}).get("instanceId")
        return found if isinstance(found, str) else ""

    @property
    def succeeded(self) -> bool:
        """A market would take it for done."""
        return self.received.status == 200 and self.code == SUCCESS

    @property
    def accepted(self) -> bool:
        """Done, or being worked on."""
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
        """Refused by a limit on requests, not by what was asked."""
        status = self.received.status
        return status == TOO_MANY or (status == UNAVAILABLE and self.received.header("Retry-After") is not None)

    @property
    def retry_after(self) -> float:
        """Seconds; a moment when none are named, and for a date."""
        text = (self.received.header("Retry-After") or "").strip()
        return float(text) if text.isascii() and text.isdigit() else 1.0

    def with_valid_envelope(self, key: str) -> Response:
        """The same body in a faultless envelope, so that its content alone is run_check by the protocol's reader."""
        body = self.received.body.removeprefix(BOM)
        return Response(200, (("Content-Type", "application/json"), (HEADER, body_sign(body, key))), body)

    def describe(self) -> Text:
        """What came."""
        received = self.received
        if received.fault:
            return Text(en=f"no usable answer: {received.problem}", zh=f"没有可用的响应：{received.problem}")
        if 300 <= received.status < 400:
            target = excerpt(received.header("Location") or "nowhere")
            return Text(
                en=f"HTTP {received.status} came, to {target}", zh=f"返回HTTP {received.status}，跳转到{target}"
            )
        if received.status != 200:
            quoted = excerpt(received.body)
            return Text(
                en=f"HTTP {received.status} came, with {quoted}", zh=f"返回HTTP {received.status}，内容为{quoted}"
            )
        if self.code:
            message = str((self.members or {}).get("resultMsg", ""))
            quoted = excerpt(message)
            return Text(
                en=f"resultCode {self.code} came, resultMsg {quoted}",
                zh=f"返回resultCode {self.code}，resultMsg为{quoted}",
            )
        quoted = excerpt(received.body)
        if self.members is None and received.body and self.syntax:
            return Text(
                en=f"HTTP 200 came, {self.syntax}: {quoted}",
                zh=f"返回HTTP 200，但响应体无法解析（{self.syntax}）：{quoted}",
            )
        return Text(en=f"HTTP 200 came without a resultCode: {quoted}", zh=f"返回HTTP 200但没有resultCode：{quoted}")


def admitted(answers: Iterable[Answer]) -> list[Answer]:
    """Those of a crowd that reached the seller's program: of others, turned away or never connected, nothing is known."""
    kept = [answer for answer in answers if not answer.turned_away]
    # Where nobody connected at all, that is what happened.
    return [answer for answer in kept if not answer.received.unreachable] or kept


def failed(name: str, answer: Answer, context: Text | None = None) -> Failed:
    """A failure that tells what came. ``context`` says in answer to what."""
    seen = answer.describe()
    if context:
        seen = Text(en=f"{context.en}: {seen.en}", zh=f"{context.zh}：{seen.zh}")
    found = Failed(name, seen)
    found.request, found.code, found.status = answer.request, answer.code, answer.received.status
    return found


def readable(answer: Answer, *, http_error: str = "http_status", context: Text | None = None) -> None:
    """The answer is HTTP 200 with a JSON object that has a resultCode. ``http_error``: diagnosis of another status."""
    expect_complete(answer, context)
    expect_ok(answer, http_error=http_error, context=context)
    expect_plain(answer, context)
    expect_object(answer, context)
    expect_code(answer, context)


def expect_complete(answer: Answer, context: Text | None = None) -> None:
    """A whole HTTP answer came."""
    if answer.received.fault:
        raise failed(answer.received.fault, answer, context)


def expect_ok(answer: Answer, *, http_error: str = "http_status", context: Text | None = None) -> None:
    """HTTP status 200. Others have a name where it says more than ``http_error``."""
    received = answer.received
    if 300 <= received.status < 400:
        raise failed("redirect", answer, context)
    if answer.turned_away:
        raise failed("rate_limited", answer, context)
    if received.status == 405:
        raise failed("method_not_allowed", answer, context)
    if received.status == 404 and http_error == "http_status":
        raise failed("not_found", answer, context)
    if received.status in DENIED and http_error == "http_status":
        raise failed("access_denied", answer, context)
    if received.status != 200:
        # Another success is no error page: its own name says more.
        raise failed(http_error if received.status >= 400 else "http_status", answer, context)


def expect_plain(answer: Answer, context: Text | None = None) -> None:
    """The body is not compressed."""
    if answer.compressed:
        raise failed("compressed", answer, context)


def expect_object(answer: Answer, context: Text | None = None) -> None:
    """The body holds a JSON object, leniently read."""
    if answer.members is None:
        raise failed(unreadable(answer.received), answer, context)


def expect_code(answer: Answer, context: Text | None = None) -> None:
    """A resultCode of six digits."""
    if not answer.code:
        raise failed(_no_code(answer.members or {}), answer, context)
    if not (answer.code.isascii() and answer.code.isdigit() and len(answer.code) == 6):
        raise failed("bad_result_code", answer, context)


def misspelt(path: str, members: Mapping[str, object]) -> bool:
    """Whether a field that is missing is there in another spelling. ``path`` as in ``Violation``."""
    value: object = members
    *above, name = _STEP.findall(path)
    for step in above:
        if step.isdigit() and isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    names = value if isinstance(value, Mapping) else ()
    return any(other != name and _letters(other) == _letters(name) for other in names)


def _letters(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _no_code(members: Mapping[str, object]) -> str:
    if members.get("resultCode") not in (None, ""):
        return "wrong_type"
    if misspelt("resultCode", members):
        return "field_case"
    wrapped = any(isinstance(value, dict) and "resultCode" in value for value in members.values())
    return "wrapped_answer" if wrapped else "missing_result"


def in_time(answer: Answer, target: Target, name: str = "slow_answer") -> None:
    """Raises ``Failed`` for an answer that took too long, ``Warned`` for one that newer versions would not wait for."""
    seconds = answer.received.seconds
    if seconds <= min(QUICK, target.seconds):
        return
    kind = Failed if seconds > target.seconds else Warned
    raise kind(name, Text(en=f"the slowest answer took {seconds:.1f} s", zh=f"最慢的响应用了{seconds:.1f}秒"))


def expect_success(answer: Answer, name: str = "refuses_correct_request", context: Text | None = None) -> None:
    readable(answer, context=context)
    if answer.code != SUCCESS:
        raise failed(name, answer, context)


def expect_accepted(answer: Answer, name: str = "refuses_correct_request", context: Text | None = None) -> None:
    """Success, or 000004."""
    readable(answer, context=context)
    if not answer.accepted:
        raise failed(name, answer, context)


def expect_refusal(
    answer: Answer,
    name: str,
    *codes: str,
    http_error: str = "http_error_for_bad_request",
    context: Text | None = None,
) -> None:
    """A readable refusal with one of the codes, or with any when none is given. ``name``: diagnosis of a success."""
    readable(answer, http_error=http_error, context=context)
    if answer.accepted:
        raise failed(name, answer, context)
    if codes and answer.code not in codes:
        raise failed("other_result_code", answer, context)


def unreadable(received: Received) -> str:
    """Why a body is no JSON object."""
    if not received.body.strip():
        return "empty_body"
    if received.body.startswith(BOM):
        return "bom"
    if received.after and _is_json(received.body + received.after):
        return "bytes_after_body"
    wrong = not_utf8(received.body)
    if wrong:
        return wrong
    media_type = (received.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        return "wrapped_answer" if _holds_result(received.body) else "not_json"
    # A page instead of an answer has the same cause as its type: another part of the server spoke.
    page = received.body.decode("utf-8", "replace")
    return "login_page" if "<" in page and _LOGIN.search(page) else "wrong_content_type"


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _holds_result(body: bytes) -> bool:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and any(isinstance(item, dict) and "resultCode" in item for item in value)
