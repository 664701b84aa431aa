"""Group *shape*: structure of answers (saas-v2 §3)."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    NOT_AUTHENTIC,
    SUCCESS,
    Answer,
    expect_in_time,
    expect_readable,
    expect_success,
    failed,
)
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.judgements import (
    RESULT_FIELDS,
    content_type,
    expect_market_accepts,
    expect_openable_addresses,
    expect_strict_json,
    expect_table,
    no_byte_order_mark,
    result,
)
from tradepost.check.outcomes import Skipped
from tradepost.check.refusal_diagnosis import Mistake, explain_refusal
from tradepost.protocols.commands import Command, Create, Query
from tradepost.protocols.text import Text
from tradepost.protocols.wire_fields import Field

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target


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
    expect_readable(answer)
    content_type(answer)
    no_byte_order_mark(answer)
    result(answer)
    expect_strict_json(answer)


def _fields(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        command, answer = _test_call(caller, kind)
        expect_readable(answer)
        if answer.code != SUCCESS:
            raise Skipped(Text(en="the test call was refused, see the group debug", zh="测试调用被拒绝，见debug组"))
        expect_table(caller.target.specification.answers.get(kind, RESULT_FIELDS[:1]), answer)
        expect_market_accepts(caller.target, command, answer, caller.options.key)

    return body


def _refusal(caller: Caller) -> None:
    request = caller.request(caller.harmless())
    dialect = caller.target.dialect
    answer = caller.send(dialect.put(request, dialect.token, "0" * 64))
    expect_readable(answer, http_error="http_error_for_bad_request")
    _envelope(answer)


def _created(caller: Caller) -> None:
    command = caller.samples.create()
    answer = caller.create(command)
    expect_readable(answer)
    if not answer.accepted:
        authentic = answer.code == NOT_AUTHENTIC and caller.ask(caller.harmless()).accepted
        mistake = explain_refusal(caller, command, answer) if authentic else Mistake("refuses_correct_request")
        # With the key that other requests are accepted with.
        raise failed(
            "refuses_correct_request" if mistake.name == "wrong_key" else mistake.name, answer, mistake.context
        )
    expect_table((Field("instanceId", 64),), answer)
    expect_market_accepts(caller.target, command, answer, caller.options.key)
    expect_in_time(answer, caller.target)


def _queried(caller: Caller) -> None:
    instance = caller.instance(keep=True)
    command = Query(instance_ids=(instance.instance_id,))
    answer = caller.ask(command)
    expect_success(answer)
    expect_table(caller.target.specification.answers.get(Query, RESULT_FIELDS), answer)
    expect_market_accepts(caller.target, command, answer, caller.options.key)
    expect_openable_addresses(answer)


def _odd_id(caller: Caller) -> None:
    caller.instance(keep=True)
    plain_query = Query(instance_ids=(caller.samples.unknown_id(),))
    plain_answer = caller.ask(plain_query)
    if plain_answer.received.status != HTTPStatus.OK or plain_answer.tells:
        raise Skipped(Text(en="an ordinary unknown id is not refused either", zh="普通的未知ID也未被正确拒绝"))
    for odd in (f"it's-{caller.chance()[:8]}", "%"):
        answer = caller.ask(Query(instance_ids=(odd,)))
        # Other errors come from a firewall, which a market does not meet, or have their own checks.
        has_crashed = answer.received.status == HTTPStatus.INTERNAL_SERVER_ERROR
        if has_crashed and caller.ask(plain_query).received.status == HTTPStatus.OK:
            raise failed("sql_in_text", answer, Text.same(odd))
        if answer.succeeded and answer.tells:
            raise failed("sql_in_text", answer, Text.same(odd))
