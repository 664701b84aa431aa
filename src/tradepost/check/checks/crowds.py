"""Group *idempotency*: simultaneous orders, and the instance IDs of the whole run (saas-v2 §3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tradepost.check.answers import NOT_AUTHENTIC, Answer, answers_of_program, failed
from tradepost.check.crowd_diagnosis import explain_crowd
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.check.repeat_diagnosis import explain_another_instance
from tradepost.protocols.commands import Create
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

REPEAT_COUNT = 50
ORDER_COUNT = 12
IDS_CHECK = "idempotency.ids"
"""Reads every creation of the run."""


@check_factory
def checks(target: Target) -> Iterable[Check]:
    if not target.has(Create):
        return
    make = CheckBuilder(target, "idempotency")
    yield make(
        "parallel", "once", _parallel,
        Text(en=f"{REPEAT_COUNT} repeats at the same moment give one instance", zh=f"同时发送{REPEAT_COUNT}个重复请求得到同一实例"),
        Text(en="one instanceId in every answer, none of them an error", zh="所有响应的instanceId相同，且没有错误"),
        alone=True,
    )  # fmt: skip
    yield make(
        "parallel_orders", "once", _parallel_orders,
        Text(en=f"{ORDER_COUNT} orders at the same moment give {ORDER_COUNT} instances", zh=f"同时发送{ORDER_COUNT}个订单得到{ORDER_COUNT}个实例"),
        Text(en="every instanceId is another, none of the answers an error", zh="instanceId互不相同，且没有错误"),
        alone=True,
    )  # fmt: skip
    yield make(
        IDS_CHECK.partition(".")[2], target.activity(Create), _ids,
        Text(en="No instance id was given to two orders", zh="没有实例ID分配给两个订单"),
        Text(en="an instanceId is globally unique, for ever", zh="instanceId全局唯一，永不重复"),
        alone=True,
    )  # fmt: skip


def _parallel(caller: Caller) -> None:
    caller.instance(keep=True)
    order = caller.samples.order()
    answers = caller.send_simultaneously([caller.request(caller.samples.create(order)) for _ in range(REPEAT_COUNT)])
    caller.note_created(*answers)
    ids = {answer.instance_id for answer in answers if answer.accepted and answer.instance_id}
    if len(ids) > 1:
        # A seller that also creates another instance sequentially has a simpler mistake with its own diagnosis.
        name = explain_another_instance(caller) or "two_answers_in_parallel"
        raise Failed(name, Text(en=f"{len(ids)} instances for one order", zh=f"同一订单得到{len(ids)}个实例"))
    _none_failed(caller, answers)


def _parallel_orders(caller: Caller) -> None:
    caller.instance(keep=True)
    counts: dict[str, int] = {}
    answers = caller.send_simultaneously([caller.request(caller.samples.create()) for _ in range(ORDER_COUNT)])
    caller.note_created(*answers)
    for answer in answers:
        if answer.accepted and answer.instance_id:
            counts[answer.instance_id] = counts.get(answer.instance_id, 0) + 1
    twice = [instance_id for instance_id, number in counts.items() if number > 1]
    if twice:
        raise Failed(
            "id_collision_under_load",
            Text(
                en=f"{sum(counts.values())} orders got {len(counts)} instances; {twice[0]} went to {counts[twice[0]]} of them",
                zh=f"{sum(counts.values())}个订单只得到{len(counts)}个实例；{twice[0]}分配给了其中{counts[twice[0]]}个",
            ),
        )
    _none_failed(caller, answers)


def _none_failed(caller: Caller, answers: list[Answer]) -> None:
    failed_answers = [answer for answer in answers_of_program(answers) if not answer.accepted]
    unauthentic = [answer for answer in failed_answers if answer.code == NOT_AUTHENTIC]
    if unauthentic:
        context = Text(
            en=f"{len(unauthentic)} of {len(answers)}, at the same moment",
            zh=f"并发{len(answers)}个中有{len(unauthentic)}个",
        )
        raise failed(explain_crowd(caller, caller.samples.create), unauthentic[0], context)
    if failed_answers:
        context = Text(
            en=f"{len(failed_answers)} of {len(answers)} failed, the first with",
            zh=f"{len(answers)}个中有{len(failed_answers)}个失败，第一个为",
        )
        raise failed("fails_in_parallel", failed_answers[0], context)


def _ids(caller: Caller) -> None:
    if caller.history.diagnoses & {"id_reused", "id_collision_under_load"}:
        raise Skipped(Text(en="some were, see the checks of ids", zh="存在重复，见实例ID相关检查"))
    owners: dict[str, str] = {}
    for answer in caller.history.answers:
        if not (answer.accepted and answer.instance_id):
            continue
        members = _request_members(caller, answer)
        if members.get("activity") != caller.target.activity(Create) or str(members.get("testFlag")) == "1":
            continue
        order = str(members.get("orderId", ""))
        owner = owners.setdefault(answer.instance_id, order)
        if owner != order:
            raise failed(
                "ids_collide",
                answer,
                Text(
                    en=f"{owner} and {order} got {answer.instance_id}", zh=f"{owner}与{order}都得到{answer.instance_id}"
                ),
            )


def _request_members(caller: Caller, answer: Answer) -> Mapping[str, object]:
    try:
        return caller.target.dialect.members(answer.request)
    except ValueError:
        return {}
