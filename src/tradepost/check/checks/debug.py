"""Group *debug*: calls with testFlag 1 succeed without effects; probes replay them twice a day (saas-v2 §3.0, §5,
§6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    BAD_PARAMETER,
    NOT_AUTHENTIC,
    SUCCESS,
    expect_accepted,
    expect_readable,
    expect_refusal,
    expect_success,
    failed,
)
from tradepost.check.caller import usable_id
from tradepost.check.dates import dates_in
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.forgeries import last_character, name_missing_check
from tradepost.check.outcomes import Failed, Skipped
from tradepost.check.refusal_diagnosis import Mistake, explain_refusal
from tradepost.protocols.commands import Command, Create, Query, Refresh, Release, SetStatus
from tradepost.protocols.sync_commands import SyncApplication
from tradepost.protocols.text import Text

from .joint import need_secret

if TYPE_CHECKING:
    from tradepost.check.answers import Answer
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

REFUSED = Mistake("test_flag_refused")


@check_factory
def calls(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "debug")
    for kind, activity in target.protocol.activities.items():
        yield make(
            activity, "test_flag", _test_call_succeeds(kind),
            Text(en=f"A test call of {activity} succeeds, and again", zh=f"{activity}的测试调用成功，且可重复"),
            Text(en="resultCode 000000 twice, for the same parameters", zh="相同参数两次均返回000000"),
        )  # fmt: skip

    yield make(
        "signed", "freshness", _signed,
        Text(en="A test call with a wrong signature is refused", zh="签名错误的测试调用被拒绝"),
        Text(en="HTTP 200 with resultCode 000001, whatever testFlag says", zh="无论testFlag为何，均返回000001"),
    )  # fmt: skip


@check_factory
def effects(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "debug")
    if not target.has(Create):
        return
    yield make(
        "order_stays_free", "test_flag", _order_stays_free,
        Text(en="After a test creation the real order is created", zh="测试创建之后真实订单可正常创建"),
        Text(en="the real creation succeeds and its instance is there", zh="真实创建成功，且实例存在"),
    )  # fmt: skip
    yield make(
        "chain", "test_flag", _chain,
        Text(en="What a test creation answered can be used in test calls", zh="测试创建返回的ID可用于其他测试调用"),
        Text(en="resultCode 000000 to each activity with that instanceId", zh="使用该instanceId的各接口测试调用均返回000000"),
    )  # fmt: skip
    if target.has(Release) and (target.has(Query) or target.has(Refresh)):
        yield make(
            "releases_nothing", "test_flag", _releases_nothing,
            Text(en="A test release releases nothing", zh="测试释放不会释放实例"),
            Text(en="the instance is still there", zh="实例仍然存在"),
        )  # fmt: skip
    if not target.has(Query):
        return
    yield make(
        "creates_nothing", "test_flag", _creates_nothing,
        Text(en="A test creation creates nothing", zh="测试创建不产生实例"),
        Text(en="a real query of the id that the test call answered is refused (000003)", zh="对测试调用返回的ID做真实查询会被拒绝（000003）"),
    )  # fmt: skip
    yield make(
        "absent_is_real", "test_flag", _absent_flag_is_real,
        Text(en="A call without testFlag is a real call", zh="没有testFlag的调用是真实调用"),
        Text(en="the instance exists afterwards: the newest text does not send the field", zh="之后实例存在：最新文档不再发送该字段"),
    )  # fmt: skip
    yield make(
        "zero_is_real", "test_flag", _zero_flag_is_real,
        Text(en="testFlag 0 is a real call", zh="testFlag为0是真实调用"),
        Text(en="the instance exists afterwards: missing and 0 are alike", zh="之后实例存在：缺省与0等价"),
    )  # fmt: skip
    if target.has(Refresh):
        yield make(
            "refreshes_nothing", "test_flag", _refreshes_nothing,
            Text(en="A test renewal moves no expiry", zh="测试续费不改变到期时间"),
            Text(en="no text of the instance shows the expiry of the test call", zh="实例信息中不出现测试调用的到期时间"),
        )  # fmt: skip
    if target.has(SetStatus):
        yield make(
            "any_order", "test_flag", _any_order,
            Text(en="Test calls succeed in any order", zh="测试调用以任意顺序执行均成功"),
            Text(en="resultCode 000000 to release, status and query before any creation", zh="在创建之前执行释放、状态更新、查询均返回000000"),
        )  # fmt: skip


def _test_call_succeeds(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        command = caller.samples.of(kind, caller.any_id(), test=True)
        if command is None:
            raise Skipped(Text(en="the tester has no sample of this request", zh="测试程序没有该请求的样例"))
        first_answer = caller.ask(command)
        if kind is SyncApplication and first_answer.refused:
            need_secret(caller)
        mistake = _explain_refusal(caller, kind, first_answer)
        expect_success(first_answer, mistake.name, mistake.context or Text(en="first time", zh="第一次"))
        expect_success(caller.ask(command), "repeat_refused", Text(en="second time", zh="第二次"))

    return body


def _explain_refusal(caller: Caller, kind: type[Command], answer: Answer) -> Mistake:
    """If all correct requests of an activity are refused as invalid, the seller does not implement it."""
    if answer.code == NOT_AUTHENTIC:
        return _explain_not_authentic(caller, kind, answer)
    if answer.code != BAD_PARAMETER or not caller.target.has(Create):
        return REFUSED
    real_command = caller.samples.of(kind, caller.instance().instance_id)
    if real_command is None or caller.ask(real_command).code != BAD_PARAMETER:
        return REFUSED
    return Mistake("missing_activity")


def _explain_not_authentic(caller: Caller, kind: type[Command], answer: Answer) -> Mistake:
    """If only this activity refuses authentic requests, the seller reads something of it differently."""
    command = caller.samples.of(kind, caller.any_id(), test=True)
    if answer.code != NOT_AUTHENTIC or command is None or not caller.ask(caller.harmless()).accepted:
        return REFUSED
    mistake = explain_refusal(caller, command, answer)
    # The key is right, since other requests pass with it.
    return REFUSED if mistake.name == "wrong_key" else mistake


def _signed(caller: Caller) -> None:
    request = caller.request(caller.harmless())
    answer = caller.send(last_character(caller, request))
    diagnosis = "accepts_wrong_signature"
    name = name_missing_check(caller, diagnosis) if answer.accepted else diagnosis
    expect_refusal(answer, name, NOT_AUTHENTIC)


def _test_create(caller: Caller) -> tuple[Command, str]:
    command = caller.samples.create(test=True)
    answer = caller.ask(command)
    mistake = _explain_not_authentic(caller, Create, answer)
    expect_accepted(answer, mistake.name, mistake.context)
    return command, answer.instance_id


def _need_usable(instance_id: str) -> None:
    """The checks of group shape report faults of the ID."""
    if not usable_id(instance_id):
        raise Skipped(Text(en="the test call answered no usable instanceId", zh="测试调用没有返回可用的instanceId"))


def _creates_nothing(caller: Caller) -> None:
    _, instance_id = _test_create(caller)
    _need_usable(instance_id)
    # Sellers may return a fixed ID for test calls; then nothing was created for this order either.
    _, other_id = _test_create(caller)
    if other_id == instance_id:
        return
    query = caller.ask(Query(instance_ids=(instance_id,)))
    expect_readable(query, http_error="http_500_for_unknown_instance", context=Text(en="query", zh="查询"))
    if query.code == SUCCESS and not (query.members or {}).get("info"):
        return
    if query.accepted:
        name = "test_flag_creates"
        unknown_answer = caller.ask(Query(instance_ids=(caller.samples.unknown_id(),)))
        if unknown_answer.accepted:
            name = "success_for_unknown_instance"
        caller.release_at_end(instance_id)
        raise failed(name, query, Text(en="a real query of it", zh="对该ID的真实查询"))


def _chain(caller: Caller) -> None:
    """Sellers debug in this order: create, then all other activities with the returned ID; probes replay it (saas-v2
    §5, §6)."""
    _, instance_id = _test_create(caller)
    _need_usable(instance_id)
    for kind, activity in caller.target.protocol.activities.items():
        command = caller.samples.of(kind, instance_id, test=True)
        if (
            kind in caller.target.left_out | {Create}
            or command is None
            or (kind in caller.target.specification.optional and not caller.offers(kind))
        ):
            continue
        answer = caller.ask(command)
        if answer.code == BAD_PARAMETER:
            # Missing, or refused for other reasons, which the checks of that activity report.
            continue
        expect_success(answer, _explain_not_authentic(caller, kind, answer).name, Text.same(activity))


def _order_stays_free(caller: Caller) -> None:
    caller.need_real()
    order = caller.samples.order()
    test = caller.ask(caller.samples.create(order, test=True))
    mistake = _explain_not_authentic(caller, Create, test)
    expect_accepted(test, mistake.name, mistake.context or Text(en="test call", zh="测试调用"))
    real_answer = caller.create(caller.samples.create(order))
    expect_accepted(real_answer, "test_flag_claims_order", Text(en="real call", zh="真实调用"))
    has_query = caller.target.has(Query)
    ready_answer = caller.wait_ready(real_answer.instance_id) if has_query else caller.look_up(real_answer.instance_id)
    expect_success(ready_answer, "test_flag_claims_order", Text(en="afterwards", zh="之后"))


def _absent_flag_is_real(caller: Caller) -> None:
    caller.instance(keep=True)
    real_answer = caller.create(caller.samples.create())
    expect_accepted(real_answer)
    _need_usable(real_answer.instance_id)
    ready_answer = caller.wait_ready(real_answer.instance_id)
    name = "refuses_correct_request"
    if not ready_answer.succeeded:
        flagged_command = caller.samples.create()
        answer = caller.send(caller.changed(flagged_command, {"testFlag": "0"}))
        caller.note_created(answer)
        exists = usable_id(answer.instance_id) and caller.wait_ready(answer.instance_id).succeeded
        name = "test_flag_absent" if exists else name
    expect_success(ready_answer, name, Text(en="query", zh="查询"))


def _zero_flag_is_real(caller: Caller) -> None:
    caller.instance(keep=True)
    command = caller.samples.create()
    answer = caller.send(caller.changed(command, {"testFlag": "0"}))
    caller.note_created(answer)
    expect_accepted(answer, "test_flag_zero")
    if not answer.instance_id:
        answer = caller.create(command)
    expect_success(caller.wait_ready(answer.instance_id), "test_flag_zero", Text(en="query", zh="查询"))


def _releases_nothing(caller: Caller) -> None:
    caller.need_real()
    instance = caller.instance()
    test = caller.ask(caller.samples.release(instance.instance_id, test=True))
    if test.code == BAD_PARAMETER:
        raise Skipped(Text(en="the test call was refused", zh="测试调用被拒绝"))
    expect_accepted(test, "test_flag_refused", Text(en="test call", zh="测试调用"))
    after = caller.look_up(instance.instance_id)
    expect_readable(after, context=Text(en="afterwards", zh="之后"))
    if after.code != SUCCESS:
        raise failed("test_flag_acts", after, Text(en="after a test release", zh="测试释放之后"))
    caller.give_back(instance)


def _refreshes_nothing(caller: Caller) -> None:
    """Only possible if the expiry is shown, as in the group time."""
    caller.need(Refresh)
    caller.need_real()
    instance = caller.instance()
    new_expiry = (caller.clock() + timedelta(days=77)).replace(hour=9, minute=41, second=47, microsecond=0)
    test = caller.ask(caller.samples.refresh(instance.instance_id, new_expiry, test=True))
    if not test.accepted:
        raise Skipped(Text(en="the test call was refused", zh="测试调用被拒绝"))
    query = caller.ask(Query(instance_ids=(instance.instance_id,)))
    if new_expiry.replace(tzinfo=None) in dates_in(query.members or {}):
        raise failed("test_flag_acts", query, Text(en="query after a test renewal", zh="测试续费之后的查询"))
    caller.give_back(instance)


def _any_order(caller: Caller) -> None:
    caller.need_real()
    instance = caller.instance()
    for kind in (Release, SetStatus, Query):
        command = caller.samples.of(kind, instance.instance_id, test=True)
        if command is None or not caller.target.has(kind):
            continue
        if kind in caller.target.specification.optional and not caller.offers(kind):
            continue
        answer = caller.ask(command)
        if answer.code == BAD_PARAMETER:
            # Missing, which the check of that activity reports.
            continue
        expect_success(answer, "test_flag_refused", Text.same(caller.target.activity(kind)))
    query = caller.ask(Query(instance_ids=(instance.instance_id,)))
    if not query.succeeded:
        raise Failed("test_flag_acts", Text(en="the instance is gone after test calls", zh="测试调用之后实例不存在了"))
    caller.give_back(instance)
