"""Group *idempotency*: an order that comes again gives the instance that it gave before, whatever happened meanwhile
(saas-v2 §3.1, saas-v1-license A2.2).
"""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.access_data import told
from tradepost.check.answers import PROCESSING, Answer, expect_accepted, failed, readable
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.check.repeat_diagnosis import Make, explain_another_instance
from tradepost.check.samples import Order
from tradepost.protocols.commands import (
    Create,
    Done,
    Fault,
    Query,
    Refresh,
    Release,
    SetStatus,
    Unreachable,
)
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller, CreatedInstance
    from tradepost.check.target import Target

RESTART = "idempotency.restart"
LATER = "idempotency.later"
"""About an order of the run's beginning: asked at its end."""
RESTART_WITHIN = 60.0
REPEATS = 3
"""Of one order: each process of a server may have a memory of its own."""
LOOKS, PAUSE = 5, 0.2
"""How often, and after how many seconds, it is looked for what a repeat may be making."""
SAME = Text(en="resultCode 000000 and the same instanceId", zh="返回000000和相同的instanceId")
REPEAT = Text(en="repeat", zh="重复调用")


@check_factory
def creation(target: Target) -> Iterable[Check]:
    if not target.has(Create):
        return
    make = CheckBuilder(target, "idempotency")
    for name, title, body in (
        ("repeat", Text(en="The same order with the same businessId gives the same instance", zh="同一订单、相同businessId返回同一实例"), _repeat),
        ("retry", Text(en="The same order with another businessId gives the same instance", zh="同一订单、不同businessId返回同一实例"), _retry),
        ("after_query", Text(en="A repeat after a query gives the same instance", zh="查询之后的重复创建返回同一实例"), _after_query),
        ("after_freeze", Text(en="A repeat while the instance is frozen gives the same instance", zh="实例冻结时的重复创建返回同一实例"), _after_freeze),
        ("after_renewal", Text(en="A repeat after a renewal gives the same instance", zh="续费之后的重复创建返回同一实例"), _after_renewal),
        ("after_others", Text(en="A repeat after other orders gives the same instance", zh="其他订单之后的重复创建返回同一实例"), _after_others),
    ):  # fmt: skip
        needed = {"after_query": Query, "after_freeze": SetStatus, "after_renewal": Refresh}.get(name, Create)
        if target.has(needed):
            yield make(name, "once", body, title, SAME)
    yield make(
        LATER.partition(".")[2], "once", _later,
        Text(en="A repeat some seconds and many orders later gives the same instance", zh="数秒、许多订单之后的重复创建返回同一实例"), SAME,
        alone=True,
    )  # fmt: skip
    if target.has(Release):
        yield make(
            "after_release", "once", _after_release,
            Text(en="A repeat of an order whose instance was released makes no instance", zh="实例释放之后，重复的订单不再创建实例"),
            Text(en="the instanceId of the first call, or a refusal (which of them is written nowhere); the instance stays released",
                 zh="返回首次的instanceId，或拒绝（文档未规定取哪一种）；实例保持已释放"),
        )  # fmt: skip
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
        Text(en="A repeat after a restart of the server gives the same instance", zh="服务器重启后的重复创建返回同一实例"), SAME, alone=True,
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


def same_instance(
    caller: Caller,
    first_id: str,
    again: Answer,
    *,
    context: Text = REPEAT,
    name: str = "new_instance_id_each_call",
    make: Make | None = None,
) -> None:
    """``name``: the diagnosis where an order that is only asked for again gives one instance. ``make``: such an order."""
    readable(again, context=context)
    if not again.accepted:
        raise failed("repeat_refused", again, context)
    if not again.instance_id:
        raise failed(
            "missing_field", again, Text(en=f"{context.en}, no instanceId", zh=f"{context.zh}，没有instanceId")
        )
    if again.instance_id != first_id:
        raise Failed(
            explain_another_instance(caller, make) or name,
            Text(en=f"first {first_id}, then {again.instance_id}", zh=f"第一次为{first_id}，之后为{again.instance_id}"),
        )


def _repeat(caller: Caller) -> None:
    order, business_id, first = _first(caller)
    command = caller.samples.create(order, business_id=business_id)
    for _ in range(REPEATS):
        same_instance(caller, first.instance_id, caller.create(command))


def _retry(caller: Caller) -> None:
    order, _, first = _first(caller)
    for _ in range(REPEATS):
        same_instance(caller, first.instance_id, caller.create(caller.samples.create(order)))


def _after_query(caller: Caller) -> None:
    order, _, first = _first(caller)
    caller.ask(Query(instance_ids=(first.instance_id,)))
    same_instance(caller, first.instance_id, caller.create(caller.samples.create(order)))


def _after_freeze(caller: Caller) -> None:
    made = caller.instance()
    if not caller.ask(caller.samples.status(made.instance_id, freeze=True)).accepted:
        raise Skipped(Text(en="freezing is refused, see the group lifecycle", zh="冻结被拒绝，见lifecycle组"))
    _same_as_made(caller, made)


def _same_as_made(caller: Caller, made: CreatedInstance) -> None:
    same_instance(caller, made.instance_id, caller.create(caller.samples.create(made.order)))


def _after_renewal(caller: Caller) -> None:
    caller.need(Refresh)
    made = caller.instance()
    if not caller.ask(caller.samples.refresh(made.instance_id)).accepted:
        raise Skipped(Text(en="the renewal is refused, see the group lifecycle", zh="续费被拒绝，见lifecycle组"))
    _same_as_made(caller, made)


def _later(caller: Caller) -> None:
    _same_as_made(caller, caller.instance(keep=True))


def _after_release(caller: Caller) -> None:
    made = caller.instance()
    if not caller.ask(caller.samples.release(made.instance_id)).accepted:
        raise Skipped(Text(en="the release is refused, see the group lifecycle", zh="释放被拒绝，见lifecycle组"))
    was_gone = not _is_there(caller, caller.look_up(made.instance_id))
    again = caller.create(caller.samples.create(made.order))
    readable(again)
    if again.accepted and again.instance_id and again.instance_id != made.instance_id:
        raise Failed(
            explain_another_instance(caller) or "new_instance_after_release",
            Text(
                en=f"first {made.instance_id}, after its release {again.instance_id}",
                zh=f"第一次为{made.instance_id}，释放之后为{again.instance_id}",
            ),
        )
    if was_gone and again.accepted:
        _stays_released(caller, made.instance_id, pending=again.code == PROCESSING)


def _stays_released(caller: Caller, instance_id: str, *, pending: bool) -> None:
    """``pending``: something may be in the making."""
    for turn in range(LOOKS if pending else 1):
        time.sleep(PAUSE if turn else 0)
        found = caller.look_up(instance_id)
        if _is_there(caller, found):
            context = Text(en="the released instance afterwards", zh="之后查看已释放的实例")
            raise failed("new_instance_after_release", found, context)


def _is_there(caller: Caller, found: Answer) -> bool:
    return found.tells if caller.target.has(Query) else found.accepted


def _after_others(caller: Caller) -> None:
    order, _, first = _first(caller)
    caller.create(caller.samples.create())
    same_instance(caller, first.instance_id, caller.create(caller.samples.create(order)))


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
    same_instance(
        caller,
        first.instance_id,
        again,
        context=Text(en="after the restart", zh="重启之后"),
        name="forgets_after_restart",
    )


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
        before, after = (told(done.instances[0].app if done.instances else None) for done in (first, again))
        # A repeat may leave optional fields out.
        wrong = [(b, a) for b, a in zip(before, after, strict=True) if b and a and b != a]
        if wrong:
            seen = Text(en=f"first {wrong[0][0]}, then {wrong[0][1]}", zh=f"第一次为{wrong[0][0]}，之后为{wrong[0][1]}")
            raise Failed("other_app_info", seen)


def _order_of(command: Create) -> Order:
    line = command.order_line_id.rpartition("-")[2]
    return Order(command.order_id, int(line) if line.isdigit() else 1)
