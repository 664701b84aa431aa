"""Group *idempotency*: asked again, the answer is the same and nothing happens twice (saas-v2 §3.0, §3.1)."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    SUCCESS,
    Answer,
    expect_accepted,
    expect_success,
    failed,
    readable,
)
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.check.samples import Order
from tradepost.protocols.commands import (
    AppInfo,
    Command,
    Create,
    Done,
    Fault,
    Query,
    Refresh,
    Release,
    SetStatus,
    Unreachable,
    Upgrade,
)
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

RESTART = "idempotency.restart"
INSTANCES = 4
ROUNDS = 4
PROCESSES = 4
RESTART_WITHIN = 60.0
REPEAT = Text(en="repeat", zh="重复调用")


@check_factory
def creation(target: Target) -> Iterable[Check]:
    if not target.has(Create):
        return
    make = CheckBuilder(target, "idempotency")
    same = Text(en="resultCode 000000 and the same instanceId", zh="返回000000和相同的instanceId")
    for name, title, body in (
        ("repeat", Text(en="The same order with the same businessId gives the same instance", zh="同一订单、相同businessId返回同一实例"), _repeat),
        ("retry", Text(en="The same order with another businessId gives the same instance", zh="同一订单、不同businessId返回同一实例"), _retry),
        ("after_query", Text(en="A repeat after a query gives the same instance", zh="查询之后的重复创建返回同一实例"), _after_query),
        ("after_freeze", Text(en="A repeat while the instance is frozen gives the same instance", zh="实例冻结时的重复创建返回同一实例"), _after_freeze),
        ("after_others", Text(en="A repeat after other orders gives the same instance", zh="其他订单之后的重复创建返回同一实例"), _after_others),
    ):  # fmt: skip
        if name == "after_query" and not target.has(Query):
            continue
        if name == "after_freeze" and not target.has(SetStatus):
            continue
        yield make(name, "once", body, title, same)
    other = Text(en="another instanceId", zh="返回不同的instanceId")
    yield make(
        "other_order", "once", _other_order,
        Text(en="Two orders give two instances", zh="两个订单得到两个实例"), other,
    )  # fmt: skip
    if any(field.name == "orderLineId" for field in target.specification.requests.get(Create, ())):
        yield make(
            "other_line", "once", _other_line,
            Text(en="Two lines of one order give two instances", zh="同一订单的两个订单行得到两个实例"), other,
        )  # fmt: skip
    if any(field.name in {"appInfo", "license"} for field in target.specification.answers.get(Create, ())):
        yield make(
            "same_content", "once", _same_content,
            Text(en="A repeat tells what the first answer told", zh="重复请求返回与首次相同的内容"),
            Text(en="the same licence, the same address and user name", zh="license、地址和用户名与首次相同"),
        )  # fmt: skip
    yield make(
        "restart", "once", _restart,
        Text(en="A repeat after a restart of the server gives the same instance", zh="服务器重启后的重复创建返回同一实例"), same, alone=True,
    )  # fmt: skip


@check_factory
def changes(target: Target) -> Iterable[Check]:
    if not target.has(Create):
        return
    make = CheckBuilder(target, "idempotency")
    for kind in (Query, Refresh, SetStatus, Release, Upgrade):
        if not target.has(kind):
            continue
        activity = target.activity(kind)
        yield make(
            f"{activity}.repeat", activity, _repeated(kind),
            Text(en=f"{activity} sent three times succeeds three times", zh=f"{activity}发送三次均成功"),
            Text(en="resultCode 000000 each time", zh="每次均返回000000"),
        )  # fmt: skip
    if target.has(Query):
        yield make(
            "query.stable", target.activity(Query), _stable_query,
            Text(en="Two queries give the same access data", zh="两次查询返回相同的访问信息"),
            Text(en="the same user name and password; the address may carry a fresh ticket", zh="用户名和密码一致；地址可带有一次性票据"),
        )  # fmt: skip
        yield make(
            "query.parallel", target.activity(Query), _parallel_queries,
            Text(en=f"{INSTANCES} instances asked for at the same moment are told apart", zh=f"同时查询{INSTANCES}个实例，响应互不混淆"),
            Text(en="each answer is about the instance that its request named", zh="每个响应对应其请求的实例"),
            alone=True,
        )  # fmt: skip


# --- creation --------------------------------------------------------------------------------------------------------


def _first(caller: Caller) -> tuple[Order, str, Answer]:
    """A real creation, as the base of a comparison; skipped when creation does not work at all."""
    caller.instance(keep=True)
    order, business_id = caller.samples.order(), caller.samples.business_id()
    answer = caller.create(caller.samples.create(order, business_id=business_id))
    expect_accepted(answer, context=Text(en="first call", zh="第一次调用"))
    if not answer.instance_id:
        raise failed("missing_field", answer, Text(en="no instanceId", zh="没有instanceId"))
    return order, business_id, answer


def _same(first: Answer, again: Answer, name: str, context: Text = REPEAT) -> None:
    readable(again, context=context)
    if not again.accepted:
        raise failed("repeat_refused", again, context)
    if not again.instance_id:
        raise failed(
            "missing_field", again, Text(en=f"{context.en}, no instanceId", zh=f"{context.zh}，没有instanceId")
        )
    if again.instance_id != first.instance_id:
        raise Failed(
            name,
            Text(
                en=f"first {first.instance_id}, then {again.instance_id}",
                zh=f"第一次为{first.instance_id}，之后为{again.instance_id}",
            ),
        )


def _repeat(caller: Caller) -> None:
    order, business_id, first = _first(caller)
    command = caller.samples.create(order, business_id=business_id)
    again = caller.create(command)
    name = "new_instance_id_each_call"
    if again.accepted and again.instance_id != first.instance_id:
        more = {caller.create(command).instance_id for _ in range(PROCESSES)}
        name = "memories_differ" if more & {first.instance_id, again.instance_id} else name
    _same(first, again, name)


def _retry(caller: Caller) -> None:
    order, business_id, first = _first(caller)
    again = caller.create(caller.samples.create(order))
    name = "new_instance_id_each_call"
    if again.accepted and again.instance_id != first.instance_id:
        third = caller.create(caller.samples.create(order, business_id=business_id))
        name = "business_id_as_key" if third.instance_id == first.instance_id else name
    _same(first, again, name)


def _after_query(caller: Caller) -> None:
    order, _, first = _first(caller)
    caller.ask(Query(instance_ids=(first.instance_id,)))
    _same(first, caller.create(caller.samples.create(order)), "new_instance_id_each_call")


def _after_freeze(caller: Caller) -> None:
    made = caller.instance()
    if not caller.ask(caller.samples.status(made.instance_id, freeze=True)).accepted:
        raise Skipped(Text(en="freezing is refused, see the group lifecycle", zh="冻结被拒绝，见lifecycle组"))
    again = caller.create(caller.samples.create(made.order))
    readable(again)
    if not again.accepted:
        raise failed("repeat_refused", again)
    if not again.instance_id:
        raise failed("missing_field", again, Text(en="no instanceId", zh="没有instanceId"))
    if again.instance_id != made.instance_id:
        seen = f"first {made.instance_id}, then {again.instance_id}"
        raise Failed(
            "new_instance_id_each_call", Text(en=seen, zh=f"第一次为{made.instance_id}，之后为{again.instance_id}")
        )


def _after_others(caller: Caller) -> None:
    order, _, first = _first(caller)
    caller.create(caller.samples.create())
    _same(first, caller.create(caller.samples.create(order)), "new_instance_id_each_call")


def _other_order(caller: Caller) -> None:
    _, _, first = _first(caller)
    other = caller.create(caller.samples.create())
    expect_accepted(other)
    if other.instance_id == first.instance_id:
        raise failed("id_reused", other, Text(en="two orders, one instanceId", zh="两个订单得到同一instanceId"))


def _other_line(caller: Caller) -> None:
    order, _, first = _first(caller)
    other = caller.create(caller.samples.create(Order(order.order_id, 2)))
    expect_accepted(other)
    if other.instance_id == first.instance_id:
        raise failed(
            "order_line_ignored", other, Text(en="two lines, one instanceId", zh="两个订单行得到同一instanceId")
        )


def _restart(caller: Caller) -> None:
    order, _, first = _first(caller)
    # The person gave this command to restart the own server.
    done = subprocess.run(  # noqa: S603
        shlex.split(caller.options.restart or ""), capture_output=True, timeout=RESTART_WITHIN, check=False
    )
    if done.returncode:
        raise Skipped(
            Text(en=f"the restart command ended with {done.returncode}", zh=f"重启命令以{done.returncode}退出")
        )
    until = time.monotonic() + RESTART_WITHIN
    again = caller.create(caller.samples.create(order))
    while again.received.unreachable and time.monotonic() < until:
        time.sleep(0.1)
        again = caller.create(caller.samples.create(order))
    caller.forget_instances()
    _same(first, again, "forgets_after_restart", Text(en="after the restart", zh="重启之后"))


# --- the other activities --------------------------------------------------------------------------------------------


def _repeated(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        made = caller.instance(keep=kind is Query)
        command = caller.samples.of(kind, made.instance_id)
        assert command is not None
        first = caller.ask(command)
        if kind is Upgrade and first.refused:
            raise Skipped(
                Text(
                    en="the upgrade is refused the first time: this seller wants an order that the market knows",
                    zh="首次升级被拒绝：该商家需要云商店中真实存在的订单",
                ),
            )
        expect_success(first, context=Text(en="first call", zh="第一次调用"))
        for number in (Text(en="second", zh="第二次"), Text(en="third", zh="第三次")):
            again = caller.ask(command)
            expect_success(again, "repeat_refused", Text(en=f"{number.en} call", zh=f"{number.zh}调用"))
        if kind is Refresh:
            caller.give_back(made)

    return body


def _told(app: AppInfo | None) -> tuple[str, str]:
    """What stays of access data: a memo may show the time, an address a fresh ticket."""
    return ("", "") if app is None else (app.front_end_url.partition("?")[0].partition("#")[0], app.user_name)


def _same_content(caller: Caller) -> None:
    caller.instance(keep=True)
    command = caller.samples.create()
    key = caller.options.key
    first, again = (
        caller.target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
        for answer in (caller.create(command), caller.create(caller.samples.create(_order_of(command))))
    )
    if isinstance(first, Done) and isinstance(again, Unreachable) and again.fault is Fault.MISSING_FIELD:
        raise Failed("missing_field", Text(en=f"repeat: {again.detail}", zh=f"重复调用：{again.detail}"))
    if not isinstance(first, Done) or not isinstance(again, Done):
        raise Skipped(Text(en="an answer cannot be read, see the group shape", zh="响应无法读取，见shape组"))
    if first.license != again.license:
        raise Failed("other_license", Text(en="the repeat tells another licence", zh="重复请求返回了不同的license"))
    # Another instance has its own check.
    if first.instance_id == again.instance_id:
        before, after = (_told(done.instances[0].app if done.instances else None) for done in (first, again))
        # A repeat may leave optional fields out.
        wrong = [(b, a) for b, a in zip(before, after, strict=True) if b and a and b != a]
        if wrong:
            told = Text(en=f"first {wrong[0][0]}, then {wrong[0][1]}", zh=f"第一次为{wrong[0][0]}，之后为{wrong[0][1]}")
            raise Failed("other_app_info", told)


def _order_of(command: Create) -> Order:
    line = command.order_line_id.rpartition("-")[2]
    return Order(command.order_id, int(line) if line.isdigit() else 1)


def _parallel_queries(caller: Caller) -> None:
    made = [caller.instance() for _ in range(INSTANCES)]
    commands = [Query(instance_ids=(one.instance_id,)) for one in made]
    alone = [_access(caller, c, a) for c, a in zip(commands, caller.each(caller.ask, commands), strict=True)]
    if len(set(alone)) < 2 and None in alone:
        raise Skipped(Text(en="the query is refused, see the group shape", zh="查询被拒绝，见shape组"))
    every = commands * ROUNDS
    answers = caller.send_simultaneously([caller.request(command) for command in every])
    for index, (command, answer) in enumerate(zip(every, answers, strict=True)):
        if answer.received.status != 200 or not answer.succeeded:
            # Failing in a crowd is a matter of the group load.
            continue
        found, expected = _access(caller, command, answer), alone[index % INSTANCES]
        if found != expected:
            told = found or "another instance"
            raise Failed(
                "answers_mixed_up",
                Text(en=f"alone {expected}, in a crowd {told}", zh=f"单独查询为{expected}，并发时为{told}"),
            )
    caller.give_back(*made)


def _access(caller: Caller, command: Query, answer: Answer) -> tuple[str, str] | None:
    """None for an answer about something else."""
    key = caller.options.key
    outcome = caller.target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
    return _told(outcome.instances[0].app) if isinstance(outcome, Done) and outcome.instances else None


def _stable_query(caller: Caller) -> None:
    made = caller.instance(keep=True)
    command = Query(instance_ids=(made.instance_id,))
    key = caller.options.key
    found = []
    for _ in range(2):
        answer = caller.ask(command)
        readable(answer)
        if answer.code != SUCCESS:
            raise Skipped(Text(en="the query is refused, see the group shape", zh="查询被拒绝，见shape组"))
        outcome = caller.target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
        apps = [entry.app for entry in getattr(outcome, "instances", ())]
        found.append([(*_told(app), app.password if app else "") for app in apps])
    if found[0] != found[1]:
        raise Failed("unstable_access", Text(en="appInfo differs between two queries", zh="两次查询的appInfo不同"))
