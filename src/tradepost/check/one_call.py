"""Judges one exchange by itself: what was sent, what came, and nothing asked. For whoever has a gateway of its own.

The judgements are those of a whole run; each gets a result of its own, so that a page can show what holds and what does not.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Fault, Unreachable
from tradepost.protocols.http import Request, Response
from tradepost.protocols.text import Text

from . import judgements
from .answers import (
    BAD_PARAMETER,
    NO_INSTANCE,
    NOT_AUTHENTIC,
    PROCESSING,
    SUCCESS,
    Answer,
    expect_code,
    expect_complete,
    expect_object,
    expect_ok,
    expect_plain,
    failed,
    in_time,
)
from .diagnoses import diagnosis
from .http_client import Received
from .outcomes import Failed, Skipped, Warned
from .results import NOTHING, Result, Verdict

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command

    from .target import Target

GROUP = "call"
INTERNAL_ERROR = "000005"
_SECRET_VALUE = re.compile(
    r'"(?:password|passwd|secret|clientSecret|token|license)"\s*:\s*"((?:[^"\\]|\\.)*)"?', re.IGNORECASE
)
SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCall:
    """One call as it is judged. ``body_sign``: whether this address must sign, where the version asks for it."""

    target: Target
    command: Command
    answer: Answer
    key: str
    body_sign: bool

    @property
    def kind(self) -> type[Command]:
        return type(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One thing that is judged. ``after``: what must hold before it means anything."""

    name: str
    title: Text
    expected: Text
    topic: str
    judge: Callable[[JudgedCall], None]
    after: tuple[str, ...] = ()

    @property
    def result_id(self) -> str:
        return f"{GROUP}.{self.name}"


def judge(
    target: Target, command: Command, request: Request, received: Received, key: str, *, body_sign: bool = True
) -> tuple[Result, ...]:
    """What holds and what does not, in the order in which a market looks. Never raises; quotes neither the key nor values
    of members that name a secret. ``received``: as it came over the wire, nothing masked."""
    asked = JudgedCall(
        target=target, command=command, answer=Answer(request, received), key=key,
        body_sign=body_sign and target.specification.body_sign,
    )  # fmt: skip
    found: dict[str, Result] = {}
    for judgement in JUDGEMENTS:
        found[judgement.name] = _result(judgement, asked, found)
    hidden = [key, *_secrets(received.body)]
    return tuple(_without(one, hidden) for one in found.values())


def holds(results: tuple[Result, ...]) -> bool:
    """Whether a market accepts the answer: nothing failed, and it could be judged at all."""
    verdicts = {one.verdict for one in results}
    return Verdict.PASSED in verdicts and not verdicts & {Verdict.FAILED, Verdict.BROKEN}


def received_of(response: Response | None, result: object, seconds: float) -> Received:
    """What a gateway got, as the tester reads it: bytes that came after the answer, and its framing, it does not keep."""
    if response is None:
        fault = result.fault if isinstance(result, Unreachable) else Fault.INTERNAL
        detail = result.detail if isinstance(result, Unreachable) else ""
        return Received(fault=_FAULTS.get(fault, "no_answer"), problem=detail, seconds=seconds, unreachable=True)
    head = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
    raw = f"HTTP/1.1 {response.status}\r\n{head}\r\n".encode("latin-1", "replace") + response.body
    return Received(raw=raw, status=response.status, headers=response.headers, body=response.body, seconds=seconds)


_FAULTS = {
    Fault.ADDRESS_BLOCKED: "address_blocked",
    Fault.DNS: "name_not_found",
    Fault.CONNECT: "no_connection",
    Fault.TIMEOUT_CONNECT: "no_connection",
    Fault.TLS: "no_tls",
    Fault.TIMEOUT: "too_slow",
    Fault.TOO_LARGE: "answer_too_large",
    Fault.NO_KEY: "nothing_sent",
    Fault.INTERNAL: "nothing_sent",
    Fault.LOST: "nothing_sent",
}


def _result(judgement: Judgement, asked: JudgedCall, before: dict[str, Result]) -> Result:
    verdict, found, seen = Verdict.PASSED, None, NOTHING
    missing = next((before[name] for name in judgement.after if before[name].verdict not in _GOES_ON), None)
    try:
        judgement.judge(asked) if missing is None else _stopped_by(missing)
    except Failed as mistake:
        verdict = Verdict.WARNED if isinstance(mistake, Warned) else Verdict.FAILED
        found, seen = diagnosis(mistake.name), mistake.seen
    except Skipped as reason:
        verdict, seen = Verdict.SKIPPED, reason.why
    except Exception as fault:  # noqa: BLE001  # ours: it must not be taken for the seller's
        where = traceback.extract_tb(fault.__traceback__)[-1]
        verdict, seen = Verdict.BROKEN, Text.same(f"{type(fault).__name__} ({where.name}, line {where.lineno})")
    return Result(
        check_id=judgement.result_id,
        group=GROUP,
        title=judgement.title,
        verdict=verdict,
        expected=judgement.expected,
        spec=_section(judgement.topic, asked),
        seen=seen,
        diagnosis=found,
    )


def _stopped_by(other: Result) -> None:
    raise Skipped(Text(en=f"see: {other.title.en}", zh=f"见：{other.title.zh}"))


_GOES_ON = frozenset({Verdict.PASSED, Verdict.WARNED})


def _section(topic: str, asked: JudgedCall) -> str:
    if topic == "activity":
        topic = asked.target.activity(asked.kind)
    return topic if topic.startswith("saas-v1-license ") else asked.target.section(topic)


def _secrets(body: bytes) -> list[str]:
    values = _SECRET_VALUE.findall(body[:65_536].decode("utf-8", "replace"))
    return [value for value in values if len(value) >= SHORTEST_SECRET]


def _without(result: Result, hidden: list[str]) -> Result:
    en, zh = result.seen.en, result.seen.zh
    for secret in filter(None, hidden):
        en, zh = en.replace(secret, "***"), zh.replace(secret, "***")
    return replace(result, seen=Text(en=en, zh=zh))


# --- the judgements ------------------------------------------------------------------------------------------------------


def _json(asked: JudgedCall) -> None:
    expect_object(asked.answer)
    judgements.no_byte_order_mark(asked.answer)
    judgements.strictly_json(asked.answer)


def _coded(asked: JudgedCall) -> None:
    expect_code(asked.answer)
    judgements.result(asked.answer)


def _signed(asked: JudgedCall) -> None:
    answer = asked.answer
    name = judgements.sign_mistake(answer, asked.key, required=asked.body_sign)
    if name is None:
        return
    if name == "signature_mismatch" and answer.code == NOT_AUTHENTIC:
        # Both directions disagree: it is the key.
        name = "wrong_key"
    raise judgements.unsigned(name, answer)


def _succeeds(asked: JudgedCall) -> None:
    answer = asked.answer
    if answer.code == SUCCESS:
        return
    if answer.code == PROCESSING and asked.kind in asked.target.specification.pending:
        # Documented for real calls; of test calls no page says so.
        raise Warned("test_call_unfinished", answer.describe())
    same_key = judgements.sign_mistake(answer, asked.key, required=True) is None
    names = {
        NOT_AUTHENTIC: "signature_refused" if same_key else "wrong_key",
        BAD_PARAMETER: "parameter_refused",
        NO_INSTANCE: "instance_not_preset",
        PROCESSING: "test_call_unfinished",
        INTERNAL_ERROR: "server_failed",
    }
    raise failed(names.get(answer.code, "refused_with_code"), answer)


def _fields(asked: JudgedCall) -> None:
    specification = asked.target.specification
    if asked.answer.code == SUCCESS:
        judgements.keeps_table(specification.answers.get(asked.kind, judgements.RESULT[:1]), asked.answer)
        if asked.command.test:
            judgements.keeps_table(specification.asked_of_test_calls.get(asked.kind, ()), asked.answer)
    judgements.read_as_a_market(asked.target, asked.command, asked.answer, asked.key)
    judgements.addresses_open(asked.answer)


def _secret(asked: JudgedCall) -> None:
    if not asked.target.specification.encrypted:
        raise Skipped(Text(en="this version encrypts nothing", zh="该版本不加密"))
    names = [name for name in judgements.SECRETS if judgements.values_of(asked.answer, name)]
    if not names:
        raise Skipped(Text(en="the answer holds no userName and no password", zh="响应中没有userName和password"))
    for name in names:
        judgements.decryptable(asked.answer, name, asked.key)


def _quiet(asked: JudgedCall) -> None:
    judgements.hides_key(asked.answer, asked.key)
    judgements.shows_no_details(asked.answer)


JUDGEMENTS: tuple[Judgement, ...] = (
    Judgement(
        name="answered", topic="transport", judge=lambda asked: expect_complete(asked.answer),
        title=Text(en="A complete answer came", zh="收到完整的响应"),
        expected=Text(en="one HTTP answer, whole, within the limits of time and size", zh="在时间与大小限制内收到一个完整的HTTP响应"),
    ),
    Judgement(
        name="status", topic="answer", after=("answered",), judge=lambda asked: expect_ok(asked.answer),
        title=Text(en="HTTP status 200", zh="HTTP状态码200"),
        expected=Text(en="HTTP status 200, without a redirect", zh="HTTP状态码200，不重定向"),
    ),
    Judgement(
        name="plain", topic="answer", after=("answered",), judge=lambda asked: expect_plain(asked.answer),
        title=Text(en="Not compressed", zh="未压缩"),
        expected=Text(en="no Content-Encoding: none was offered", zh="没有Content-Encoding：请求未声明支持压缩"),
    ),
    Judgement(
        name="content_type", topic="answer", after=("status",), judge=lambda asked: judgements.content_type(asked.answer),
        title=Text(en="Content-Type application/json", zh="Content-Type为application/json"),
        expected=Text(en="the header Content-Type: application/json", zh="响应头Content-Type: application/json"),
    ),
    Judgement(
        name="json", topic="answer", after=("status", "plain"), judge=_json,
        title=Text(en="A JSON object in UTF-8", zh="UTF-8编码的JSON对象"),
        expected=Text(en="one JSON object, without a byte order mark, no name twice", zh="一个JSON对象，没有BOM，名称不重复"),
    ),
    Judgement(
        name="result", topic="answer", after=("json",), judge=_coded,
        title=Text(en="resultCode and resultMsg", zh="resultCode与resultMsg"),
        expected=Text(en="resultCode of six digits, resultMsg of 1 to 255 characters", zh="resultCode为6位数字，resultMsg为1至255个字符"),
    ),
    Judgement(
        name="signed", topic="body_sign", after=("status", "plain"), judge=_signed,
        title=Text(en="Body-Sign signs the body", zh="Body-Sign签名正确"),
        expected=Text(
            en='Body-Sign, spelled so: sign_type="HMAC-SHA256", signature="…" over exactly the bytes of the body',
            zh='响应头Body-Sign（大小写一致）：sign_type="HMAC-SHA256", signature="…"，对响应体的确切字节签名',
        ),
    ),
    Judgement(
        name="success", topic="codes", after=("result",), judge=_succeeds,
        title=Text(en="resultCode 000000", zh="resultCode为000000"),
        expected=Text(en="000000 to a correct test call", zh="正确的测试调用返回000000"),
    ),
    Judgement(
        name="fields", topic="activity", after=("success",), judge=_fields,
        title=Text(en="The fields of the answer", zh="响应字段"),
        expected=Text(en="mandatory fields present, types and lengths as in the table", zh="必选字段存在，类型与长度符合参数表"),
    ),
    Judgement(
        name="secrets", topic="saas-v1-license A1.4", after=("success",), judge=_secret,
        title=Text(en="userName and password can be decrypted", zh="userName与password可以解密"),
        expected=Text(
            en="16 characters of IV and the Base64 of AES-CBC with the derived key, of the strength that encryptType names",
            zh="16个字符的IV，加上用派生密钥做AES-CBC后的Base64，强度与encryptType一致",
        ),
    ),
    Judgement(
        name="quiet", topic="answer", after=("answered",), judge=_quiet,
        title=Text(en="Nothing of the server's inside", zh="不泄露服务器内部信息"),
        expected=Text(en="no key, no stack trace, no SQL, no file of the server", zh="没有密钥、堆栈、SQL或服务器文件"),
    ),
    Judgement(
        name="time", topic="answer", after=("answered",), judge=lambda asked: in_time(asked.answer, asked.target),
        title=Text(en="Answered in time", zh="响应及时"),
        expected=Text(en="within 5 s", zh="5秒以内"),
    ),
)  # fmt: skip
