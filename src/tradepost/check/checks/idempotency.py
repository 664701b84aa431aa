"""Group *idempotency*: asked again, the answer is the same and nothing happens twice (saas-v2 §3.0, §3.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.access_data import access, told
from tradepost.check.answers import SUCCESS, Answer, expect_success, readable
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.check.repeat_diagnosis import TIMES, knows_each_time
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
            "known_each_time", "once", _known_each_time,
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


def _known_each_time(caller: Caller) -> None:
    caller.instance(keep=True)
    if not knows_each_time(caller):
        raise Failed(
            "memories_differ",
            Text(en="a new instance was known now, and 000003 then", zh="新建实例时而可用，时而返回000003"),
        )


def _parallel_queries(caller: Caller) -> None:
    made = [caller.instance() for _ in range(INSTANCES)]
    commands = [Query(instance_ids=(one.instance_id,)) for one in made]
    alone = [_access(caller, c, a) for c, a in zip(commands, caller.each(caller.ask, commands), strict=True)]
    if None in alone:
        raise Skipped(Text(en="the query is refused, see the group shape", zh="查询被拒绝，见shape组"))
    every = commands * ROUNDS
    answers = caller.send_simultaneously([caller.request(command) for command in every])
    for index, (command, answer) in enumerate(zip(every, answers, strict=True)):
        if answer.received.status != 200 or not answer.succeeded:
            # Failing in a crowd is a matter of the group load.
            continue
        found, expected = _access(caller, command, answer), alone[index % INSTANCES]
        if found != expected:
            came = found or "another instance"
            raise Failed(
                "answers_mixed_up",
                Text(en=f"alone {expected}, in a crowd {came}", zh=f"单独查询为{expected}，并发时为{came}"),
            )
    caller.give_back(*made)


def _access(caller: Caller, command: Query, answer: Answer) -> tuple[str, str] | None:
    """None for an answer about something else."""
    found = access(caller, command, answer)
    return told(next(iter(found.values()))) if found else None


def _stable_query(caller: Caller) -> None:
    made = caller.instance(keep=True)
    command = Query(instance_ids=(made.instance_id,))
    found = []
    for _ in range(2):
        answer = caller.ask(command)
        readable(answer)
        if answer.code != SUCCESS:
            raise Skipped(Text(en="the query is refused, see the group shape", zh="查询被拒绝，见shape组"))
        apps = access(caller, command, answer) or {}
        found.append([(*told(app), app.password if app else "") for app in apps.values()])
    if found[0] != found[1]:
        raise Failed("unstable_access", Text(en="appInfo differs between two queries", zh="两次查询的appInfo不同"))
