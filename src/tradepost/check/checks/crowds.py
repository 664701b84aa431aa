"""Group *idempotency*: orders that come at the same moment, and what the whole run shows of their ids (saas-v2 §3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tradepost.check.answers import NOT_AUTHENTIC, Answer, admitted, failed
from tradepost.check.crowd_diagnosis import explain_crowd
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.check.repeat_diagnosis import explain_another_instance
from tradepost.protocols.commands import Create
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

PARALLEL = 50
ORDERS = 12
IDS = "idempotency.ids"
"""Looks at every creation of the run."""


@check_factory
def checks(target: Target) -> Iterable[Check]:
    if not target.has(Create):
        return
    make = CheckBuilder(target, "idempotency")
    yield make(
        "parallel", "once", _parallel,
        Text(en=f"{PARALLEL} repeats at the same moment give one instance", zh=f"同时发送{PARALLEL}个重复请求得到同一实例"),
        Text(en="one instanceId in every answer, none of them an error", zh="所有响应的instanceId相同，且没有错误"),
        alone=True,
    )  # fmt: skip
    yield make(
        "parallel_orders", "once", _parallel_orders,
        Text(en=f"{ORDERS} orders at the same moment give {ORDERS} instances", zh=f"同时发送{ORDERS}个订单得到{ORDERS}个实例"),
        Text(en="every instanceId is another, none of the answers an error", zh="instanceId互不相同，且没有错误"),
        alone=True,
    )  # fmt: skip
    yield make(
        IDS.partition(".")[2], target.activity(Create), _ids,
        Text(en="No instance id was given to two orders", zh="没有实例ID分配给两个订单"),
        Text(en="an instanceId is globally unique, for ever", zh="instanceId全局唯一，永不重复"),
        alone=True,
    )  # fmt: skip


def _parallel(caller: Caller) -> None:
    caller.instance(keep=True)
    order = caller.samples.order()
    answers = caller.send_simultaneously([caller.request(caller.samples.create(order)) for _ in range(PARALLEL)])
    caller.note_created(*answers)
    ids = {answer.instance_id for answer in answers if answer.accepted and answer.instance_id}
    if len(ids) > 1:
        # A seller that makes another one at a time as well has a simpler mistake, and its own name.
        name = explain_another_instance(caller) or "two_answers_in_parallel"
        raise Failed(name, Text(en=f"{len(ids)} instances for one order", zh=f"同一订单得到{len(ids)}个实例"))
    _none_failed(caller, answers)


def _parallel_orders(caller: Caller) -> None:
    caller.instance(keep=True)
    seen: dict[str, int] = {}
    answers = caller.send_simultaneously([caller.request(caller.samples.create()) for _ in range(ORDERS)])
    caller.note_created(*answers)
    for answer in answers:
        if answer.accepted and answer.instance_id:
            seen[answer.instance_id] = seen.get(answer.instance_id, 0) + 1
    twice = [instance_id for instance_id, number in seen.items() if number > 1]
    if twice:
        raise Failed(
            "id_collision_under_load",
            Text(
                en=f"{sum(seen.values())} orders got {len(seen)} instances; {twice[0]} went to {seen[twice[0]]} of them",
                zh=f"{sum(seen.values())}个订单只得到{len(seen)}个实例；{twice[0]}分配给了其中{seen[twice[0]]}个",
            ),
        )
    _none_failed(caller, answers)


def _none_failed(caller: Caller, answers: list[Answer]) -> None:
    wrong = [answer for answer in admitted(answers) if not answer.accepted]
    mixed = [answer for answer in wrong if answer.code == NOT_AUTHENTIC]
    if mixed:
        context = Text(
            en=f"{len(mixed)} of {len(answers)}, at the same moment",
            zh=f"并发{len(answers)}个中有{len(mixed)}个",
        )
        raise failed(explain_crowd(caller, caller.samples.create), mixed[0], context)
    if wrong:
        context = Text(
            en=f"{len(wrong)} of {len(answers)} failed, the first with",
            zh=f"{len(answers)}个中有{len(wrong)}个失败，第一个为",
        )
        raise failed("fails_in_parallel", wrong[0], context)


def _ids(caller: Caller) -> None:
    if caller.history.diagnoses & {"id_reused", "id_collision_under_load"}:
        raise Skipped(Text(en="some were, see the checks of ids", zh="存在重复，见实例ID相关检查"))
    owners: dict[str, str] = {}
    for answer in caller.history.answers:
        if not (answer.accepted and answer.instance_id):
            continue
        members = _asked(caller, answer)
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


def _asked(caller: Caller, answer: Answer) -> Mapping[str, object]:
    try:
        return caller.target.dialect.members(answer.request)
    except ValueError:
        return {}
