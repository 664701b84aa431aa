"""Group *shape*: what an answer is made of (saas-v2 §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    NOT_AUTHENTIC,
    SUCCESS,
    Answer,
    expect_success,
    failed,
    in_time,
    misspelt,
    readable,
    unreadable,
)
from tradepost.check.body_coding import not_utf8
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped, Warned
from tradepost.check.refusal_diagnosis import Mistake, explain_refusal
from tradepost.protocols.commands import Command, Create, Query
from tradepost.protocols.excerpt import excerpt
from tradepost.protocols.text import Text
from tradepost.protocols.wire_fields import Breach, Field, violations
from tradepost.protocols.wire_json import NotJsonObject, load_object

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

_BREACHES = {
    Breach.MISSING: "missing_field",
    Breach.TYPE: "wrong_type",
    Breach.LENGTH: "too_long",
    Breach.VALUE: "bad_field",
}
RESULT = (Field("resultCode", 6), Field("resultMsg", 255))
"""resultMsg is optional in the table, and a body without it is refused as unreadable all the same (saas-v2 §9)."""


@check_factory
def answers(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "shape")
    for kind, activity in target.protocol.activities.items():
        yield make(
            f"{activity}.answer", activity, _answer(kind),
            Text(en=f"{activity}: HTTP 200, application/json, a JSON object", zh=f"{activity}：HTTP 200，application/json，JSON对象"),
            Text(en="HTTP status 200, Content-Type application/json, a JSON object in UTF-8 with resultCode and resultMsg",
                 zh="HTTP状态码200，Content-Type为application/json，UTF-8编码的JSON对象，含resultCode和resultMsg"),
        )  # fmt: skip
        yield make(
            f"{activity}.fields", activity, _fields(kind),
            Text(en=f"{activity}: every field of the answer has its type and length", zh=f"{activity}：响应各字段的类型和长度正确"),
            Text(en="mandatory fields present and not blank, types and lengths as in the response table",
                 zh="必选字段存在且非空，类型与长度符合响应参数表"),
        )  # fmt: skip
    yield make(
        "refusal", "answer", _refusal,
        Text(en="A refusal has the same form as a success", zh="拒绝时的响应与成功时格式相同"),
        Text(en="HTTP status 200, application/json, resultCode of 6 digits, resultMsg of at most 255 characters",
             zh="HTTP状态码200，application/json，resultCode为6位数字，resultMsg不超过255个字符"),
    )  # fmt: skip
    if target.has(Create):
        yield make(
            "created_instance", target.activity(Create), _created,
            Text(en="A real creation succeeds and answers an instance id", zh="真实创建成功并返回实例ID"),
            Text(en="instanceId of 1 to 64 characters, without a comma", zh="instanceId为1至64个字符，且不含逗号"),
            alone=True,
        )  # fmt: skip
    if target.has(Create, Query):
        yield make(
            "queried_instance", target.activity(Query), _queried,
            Text(en="A real instance is described as the table says", zh="真实实例的信息符合参数表"),
            Text(en="info with one entry for the instance that was asked for, frontEndUrl present when there is an appInfo",
                 zh="info中包含所查询的实例，若有appInfo则必须含frontEndUrl"),
        )  # fmt: skip
        yield make(
            "odd_id", target.activity(Query), _odd_id,
            Text(en="An instance id with a quote or a percent sign is nobody's", zh="含引号或百分号的实例ID不存在"),
            Text(en="HTTP 200 with a refusal, or success without an instance", zh="返回HTTP 200并拒绝，或返回不含实例的成功"),
        )  # fmt: skip


def _test_call(caller: Caller, kind: type[Command]) -> tuple[Command, Answer]:
    caller.need(kind)
    command = caller.samples.of(kind, caller.any_id(), test=True)
    if command is None:
        raise Skipped(Text(en="the tester has no sample of this request", zh="测试程序没有该请求的样例"))
    return command, caller.ask(command)


def _answer(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        _, answer = _test_call(caller, kind)
        _envelope(answer)

    return body


def _envelope(answer: Answer) -> None:
    readable(answer)
    media_type = (answer.received.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        came = answer.received.header("Content-Type") or "none"
        raise Failed("wrong_content_type", Text(en=f"Content-Type is {came}", zh=f"Content-Type为{came}"))
    if answer.received.body.startswith(b"\xef\xbb\xbf"):
        raise Failed("bom", Text(en="the body starts with EF BB BF", zh="响应体以EF BB BF开头"))
    message = (answer.members or {}).get("resultMsg")
    if isinstance(message, str) and not message.strip():
        # Optional, though a body without it is refused; of a blank one no page speaks (saas-v2 §9).
        raise Warned("blank_message", Text(en="resultMsg is blank", zh="resultMsg为空"))
    _keep(RESULT, answer, "missing_result")
    try:
        load_object(answer.received.body)
    except NotJsonObject as error:
        # Read by a lenient parser up to here.
        name = "duplicate_members" if "twice" in str(error) else not_utf8(answer.received.body) or "not_json"
        raise Failed(name, Text.same(str(error))) from None


def _fields(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        command, answer = _test_call(caller, kind)
        readable(answer)
        if answer.code != SUCCESS:
            raise Skipped(Text(en="the test call was refused, see the group debug", zh="测试调用被拒绝，见debug组"))
        _keep(caller.target.specification.answers.get(kind, RESULT[:1]), answer)
        _read_as_a_market(caller, command, answer)

    return body


def _keep(table: tuple[Field, ...], answer: Answer, missing: str = "missing_field") -> None:
    for violation in violations(table, answer.members or {}):
        name = missing if violation.breach is Breach.MISSING else _BREACHES[violation.breach]
        if violation.breach is Breach.MISSING and misspelt(violation.path, answer.members or {}):
            name = "field_case"
        raise Failed(name, Text(en=str(violation), zh=f"{violation.path}：{violation.detail}"))


def _read_as_a_market(caller: Caller, command: Command, answer: Answer) -> None:
    """The version's own reader has the last word: what it refuses, a market refuses."""
    result = caller.target.protocol.decode(
        command, answer.with_valid_envelope(caller.options.key), key=caller.options.key
    )
    fault = getattr(result, "fault", None)
    if fault is None:
        return
    detail = getattr(result, "detail", "")
    if str(fault) == "not_json":
        raise Failed("duplicate_members" if "twice" in detail else unreadable(answer.received), Text.same(detail))
    names = {"missing_field": "missing_field", "other_instance": "other_instance"}
    name = "comma_in_id" if "comma" in detail else names.get(str(fault), "bad_field")
    raise Failed(name, Text.same(detail))


def _refusal(caller: Caller) -> None:
    request = caller.request(caller.harmless())
    dialect = caller.target.dialect
    answer = caller.send(dialect.put(request, dialect.token, "0" * 64))
    readable(answer, http_error="http_error_for_bad_request")
    _envelope(answer)


def _created(caller: Caller) -> None:
    command = caller.samples.create()
    answer = caller.create(command)
    readable(answer)
    if not answer.accepted:
        authentic = answer.code == NOT_AUTHENTIC and caller.ask(caller.harmless()).accepted
        mistake = explain_refusal(caller, command, answer) if authentic else Mistake("refuses_correct_request")
        # With the key that others are accepted with.
        raise failed(
            "refuses_correct_request" if mistake.name == "wrong_key" else mistake.name, answer, mistake.context
        )
    _keep((Field("instanceId", 64),), answer)
    _read_as_a_market(caller, command, answer)
    in_time(answer, caller.target)


def _queried(caller: Caller) -> None:
    made = caller.instance(keep=True)
    command = Query(instance_ids=(made.instance_id,))
    answer = caller.ask(command)
    expect_success(answer)
    _keep(caller.target.specification.answers.get(Query, RESULT), answer)
    _read_as_a_market(caller, command, answer)
    for url in _addresses(answer.members):
        if not url.lower().startswith(("http://", "https://")):
            raise Warned("odd_url", Text(en=f"frontEndUrl is {excerpt(url)}", zh=f"frontEndUrl为{excerpt(url)}"))


def _addresses(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        url = value.get("frontEndUrl")
        if isinstance(url, str):
            yield url
        for member in value.values():
            yield from _addresses(member)
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(item)


def _odd_id(caller: Caller) -> None:
    caller.instance(keep=True)
    plain_query = Query(instance_ids=(caller.samples.unknown_id(),))
    plain = caller.ask(plain_query)
    if plain.received.status != HTTPStatus.OK or plain.tells:
        raise Skipped(Text(en="an ordinary unknown id is not refused either", zh="普通的未知ID也未被正确拒绝"))
    for odd in (f"it's-{caller.chance()[:8]}", "%"):
        answer = caller.ask(Query(instance_ids=(odd,)))
        # Other errors are a firewall's, which no market will ever meet, or have their own checks.
        crashed = answer.received.status == HTTPStatus.INTERNAL_SERVER_ERROR
        if crashed and caller.ask(plain_query).received.status == HTTPStatus.OK:
            raise failed("sql_in_text", answer, Text.same(odd))
        if answer.succeeded and answer.tells:
            raise failed("sql_in_text", answer, Text.same(odd))
