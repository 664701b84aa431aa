"""Group *idempotency*: a repeated request has the same answer and no second effect (saas-v2 §3.0, §3.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.access_data import access, stable_part
from tradepost.check.answers import SUCCESS, Answer, expect_readable, expect_success
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.check.repeat_diagnosis import TIMES, is_instance_always_found
from tradepost.protocols.commands import Command, Create, Query, Refresh, Release, SetStatus, Upgrade
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

INSTANCES = 4
ROUNDS = 4


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
    if target.has(Query) or target.has(Refresh):
        yield make(
            "known_each_time", "once", _instance_always_found,
            Text(en=f"An instance is known each of {TIMES} times that it is asked for", zh=f"连续{TIMES}次访问同一实例均有效"),
            Text(en="the same answer each time, whichever process or server of the seller gives it", zh="无论由哪个进程或服务器响应，每次结果相同"),
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


# --- the other activities --------------------------------------------------------------------------------------------


def _repeated(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        instance = caller.instance(keep=kind is Query)
        command = caller.samples.of(kind, instance.instance_id)
        assert command is not None
        first_answer = caller.ask(command)
        if kind is Upgrade and first_answer.refused:
            raise Skipped(
                Text(
                    en="the upgrade is refused the first time: this seller wants an order that the market knows",
                    zh="首次升级被拒绝：该商家需要云商店中真实存在的订单",
                ),
            )
        expect_success(first_answer, context=Text(en="first call", zh="第一次调用"))
        for number in (Text(en="second", zh="第二次"), Text(en="third", zh="第三次")):
            repeated_answer = caller.ask(command)
            expect_success(repeated_answer, "repeat_refused", Text(en=f"{number.en} call", zh=f"{number.zh}调用"))
        if kind is Refresh:
            caller.give_back(instance)

    return body


def _instance_always_found(caller: Caller) -> None:
    caller.instance(keep=True)
    if not is_instance_always_found(caller):
        raise Failed(
            "memories_differ",
            Text(en="a new instance was known now, and 000003 then", zh="新建实例时而可用，时而返回000003"),
        )


def _parallel_queries(caller: Caller) -> None:
    instances = [caller.instance() for _ in range(INSTANCES)]
    commands = [Query(instance_ids=(instance.instance_id,)) for instance in instances]
    sequential_access = [
        _access(caller, c, a) for c, a in zip(commands, caller.each(caller.ask, commands), strict=True)
    ]
    if None in sequential_access:
        raise Skipped(Text(en="the query is refused, see the group shape", zh="查询被拒绝，见shape组"))
    repeated_commands = commands * ROUNDS
    answers = caller.send_simultaneously([caller.request(command) for command in repeated_commands])
    for index, (command, answer) in enumerate(zip(repeated_commands, answers, strict=True)):
        if answer.received.status != 200 or not answer.succeeded:
            # The group load reports failures under concurrency.
            continue
        data, expected_data = _access(caller, command, answer), sequential_access[index % INSTANCES]
        if data != expected_data:
            data_shown = data or "another instance"
            raise Failed(
                "answers_mixed_up",
                Text(
                    en=f"alone {expected_data}, in a crowd {data_shown}",
                    zh=f"单独查询为{expected_data}，并发时为{data_shown}",
                ),
            )
    caller.give_back(*instances)


def _access(caller: Caller, command: Query, answer: Answer) -> tuple[str, str] | None:
    """Return None for an answer about another instance."""
    data = access(caller, command, answer)
    return stable_part(next(iter(data.values()))) if data else None


def _stable_query(caller: Caller) -> None:
    instance = caller.instance(keep=True)
    command = Query(instance_ids=(instance.instance_id,))
    results = []
    for _ in range(2):
        answer = caller.ask(command)
        expect_readable(answer)
        if answer.code != SUCCESS:
            raise Skipped(Text(en="the query is refused, see the group shape", zh="查询被拒绝，见shape组"))
        apps = access(caller, command, answer) or {}
        results.append([(*stable_part(app), app.password if app else "") for app in apps.values()])
    if results[0] != results[1]:
        raise Failed("unstable_access", Text(en="appInfo differs between two queries", zh="两次查询的appInfo不同"))
