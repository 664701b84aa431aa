"""Judges a single exchange without sending requests, for programs with their own gateway.

It uses the rules of a whole run. Each rule has its own result, so that a page can show which ones passed.
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
    expect_in_time,
    expect_object,
    expect_ok,
    expect_plain,
    failed,
)
from .diagnoses import diagnosis
from .http_client import RawResponse
from .outcomes import Failed, Skipped, Warned
from .results import NO_TEXT, Result, Verdict

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command

    from .target import Target

GROUP = "call"
INTERNAL_ERROR = "000005"
_SECRET_VALUE = re.compile(
    r'"(?:password|passwd|secret|clientSecret|token|license)"\s*:\s*"((?:[^"\\]|\\.)*)"?', re.IGNORECASE
)
MIN_SECRET_LENGTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCall:
    """The call to judge. ``body_sign``: whether this address must sign, if the version requires it."""

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
    """A rule. ``after``: rules that must pass before it is meaningful."""

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
    target: Target, command: Command, request: Request, received: RawResponse, key: str, *, body_sign: bool = True
) -> tuple[Result, ...]:
    """Return the results of all rules, in the order of a market's checks. Never raises, and quotes neither the key nor
    values of secret members. ``received``: raw bytes, not masked."""
    call = JudgedCall(
        target=target, command=command, answer=Answer(request, received), key=key,
        body_sign=body_sign and target.specification.body_sign,
    )  # fmt: skip
    results: dict[str, Result] = {}
    for judgement in JUDGEMENTS:
        results[judgement.name] = _result(judgement, call, results)
    hidden_texts = [key, *_secrets(received.body)]
    return tuple(_without(result, hidden_texts) for result in results.values())


def is_accepted(results: tuple[Result, ...]) -> bool:
    """Return whether a market accepts the answer: no rule failed, and at least one could be applied."""
    verdicts = {result.verdict for result in results}
    return Verdict.PASSED in verdicts and not verdicts & {Verdict.FAILED, Verdict.BROKEN}


def raw_response_of(response: Response | None, result: object, seconds: float) -> RawResponse:
    """Convert a gateway's result for the tester. The gateway does not keep framing and bytes after the answer."""
    if response is None:
        fault = result.fault if isinstance(result, Unreachable) else Fault.INTERNAL
        detail = result.detail if isinstance(result, Unreachable) else ""
        return RawResponse(fault=_FAULTS.get(fault, "no_answer"), problem=detail, seconds=seconds, unreachable=True)
    head = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
    raw = f"HTTP/1.1 {response.status}\r\n{head}\r\n".encode("latin-1", "replace") + response.body
    return RawResponse(raw=raw, status=response.status, headers=response.headers, body=response.body, seconds=seconds)


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


def _result(judgement: Judgement, call: JudgedCall, before: dict[str, Result]) -> Result:
    verdict, mistake_found, observation = Verdict.PASSED, None, NO_TEXT
    missing_result = next(
        (before[name] for name in judgement.after if before[name].verdict not in _CONTINUING_VERDICTS), None
    )
    try:
        judgement.judge(call) if missing_result is None else _skip_because_of(missing_result)
    except Failed as mistake:
        verdict = Verdict.WARNED if isinstance(mistake, Warned) else Verdict.FAILED
        mistake_found, observation = diagnosis(mistake.name), mistake.seen
    except Skipped as reason:
        verdict, observation = Verdict.SKIPPED, reason.why
    except Exception as fault:  # noqa: BLE001  # ours: it must not be taken for the seller's
        frame = traceback.extract_tb(fault.__traceback__)[-1]
        verdict, observation = Verdict.BROKEN, Text.same(f"{type(fault).__name__} ({frame.name}, line {frame.lineno})")
    return Result(
        check_id=judgement.result_id,
        group=GROUP,
        title=judgement.title,
        verdict=verdict,
        expected=judgement.expected,
        spec=_section(judgement.topic, call),
        seen=observation,
        diagnosis=mistake_found,
    )


def _skip_because_of(earlier_result: Result) -> None:
    raise Skipped(Text(en=f"see: {earlier_result.title.en}", zh=f"见：{earlier_result.title.zh}"))


_CONTINUING_VERDICTS = frozenset({Verdict.PASSED, Verdict.WARNED})


def _section(topic: str, call: JudgedCall) -> str:
    if topic == "activity":
        topic = call.target.activity(call.kind)
    return topic if topic.startswith("saas-v1-license ") else call.target.section(topic)


def _secrets(body: bytes) -> list[str]:
    values = _SECRET_VALUE.findall(body[:65_536].decode("utf-8", "replace"))
    return [value for value in values if len(value) >= MIN_SECRET_LENGTH]


def _without(result: Result, hidden_texts: list[str]) -> Result:
    en, zh = result.seen.en, result.seen.zh
    for secret in filter(None, hidden_texts):
        en, zh = en.replace(secret, "***"), zh.replace(secret, "***")
    return replace(result, seen=Text(en=en, zh=zh))


# --- the judgements ------------------------------------------------------------------------------------------------------


def _json(call: JudgedCall) -> None:
    expect_object(call.answer)
    judgements.no_byte_order_mark(call.answer)
    judgements.expect_strict_json(call.answer)


def _coded(call: JudgedCall) -> None:
    expect_code(call.answer)
    judgements.result(call.answer)


def _signed(call: JudgedCall) -> None:
    answer = call.answer
    name = judgements.sign_mistake(answer, call.key, required=call.body_sign)
    if name is None:
        return
    if name == "signature_mismatch" and answer.code == NOT_AUTHENTIC:
        # Both directions fail, so the key is wrong.
        name = "wrong_key"
    raise judgements.sign_failure(name, answer)


def _succeeds(call: JudgedCall) -> None:
    answer = call.answer
    if answer.code == SUCCESS:
        return
    if answer.code == PROCESSING and call.kind in call.target.specification.pending:
        # Documented for real calls only, not for test calls.
        raise Warned("test_call_unfinished", answer.describe())
    same_key = judgements.sign_mistake(answer, call.key, required=True) is None
    names = {
        NOT_AUTHENTIC: "signature_refused" if same_key else "wrong_key",
        BAD_PARAMETER: "parameter_refused",
        NO_INSTANCE: "instance_not_preset",
        PROCESSING: "test_call_unfinished",
        INTERNAL_ERROR: "server_failed",
    }
    raise failed(names.get(answer.code, "refused_with_code"), answer)


def _fields(call: JudgedCall) -> None:
    specification = call.target.specification
    if call.answer.code == SUCCESS:
        judgements.expect_table(specification.answers.get(call.kind, judgements.RESULT_FIELDS[:1]), call.answer)
        if call.command.test:
            judgements.expect_table(specification.asked_of_test_calls.get(call.kind, ()), call.answer)
    judgements.expect_market_accepts(call.target, call.command, call.answer, call.key)
    judgements.expect_openable_addresses(call.answer)


def _secret(call: JudgedCall) -> None:
    if not call.target.specification.encrypted:
        raise Skipped(Text(en="this version encrypts nothing", zh="该版本不加密"))
    names = [name for name in judgements.SECRET_FIELDS if judgements.access_values(call.answer, name)]
    if not names:
        raise Skipped(Text(en="the answer holds no userName and no password", zh="响应中没有userName和password"))
    for name in names:
        judgements.decryptable(call.answer, name, call.key)


def _reveals_nothing(call: JudgedCall) -> None:
    judgements.hides_key(call.answer, call.key)
    judgements.shows_no_details(call.answer)


JUDGEMENTS: tuple[Judgement, ...] = (
    Judgement(
        name="answered", topic="transport", judge=lambda judged: expect_complete(judged.answer),
        title=Text(en="A complete answer came", zh="收到完整的响应"),
        expected=Text(en="one HTTP answer, whole, within the limits of time and size", zh="在时间与大小限制内收到一个完整的HTTP响应"),
    ),
    Judgement(
        name="status", topic="answer", after=("answered",), judge=lambda judged: expect_ok(judged.answer),
        title=Text(en="HTTP status 200", zh="HTTP状态码200"),
        expected=Text(en="HTTP status 200, without a redirect", zh="HTTP状态码200，不重定向"),
    ),
    Judgement(
        name="plain", topic="answer", after=("answered",), judge=lambda judged: expect_plain(judged.answer),
        title=Text(en="Not compressed", zh="未压缩"),
        expected=Text(en="no Content-Encoding: none was offered", zh="没有Content-Encoding：请求未声明支持压缩"),
    ),
    Judgement(
        name="content_type", topic="answer", after=("status",), judge=lambda judged: judgements.content_type(judged.answer),
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
        name="quiet", topic="answer", after=("answered",), judge=_reveals_nothing,
        title=Text(en="Nothing of the server's inside", zh="不泄露服务器内部信息"),
        expected=Text(en="no key, no stack trace, no SQL, no file of the server", zh="没有密钥、堆栈、SQL或服务器文件"),
    ),
    Judgement(
        name="time", topic="answer", after=("answered",), judge=lambda judged: expect_in_time(judged.answer, judged.target),
        title=Text(en="Answered in time", zh="响应及时"),
        expected=Text(en="within 5 s", zh="5秒以内"),
    ),
)  # fmt: skip
