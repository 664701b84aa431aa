"""Group *idempotency*: a repeated order returns its first instance, whatever happened in between (saas-v2 §3.1,
saas-v1-license A2.2)."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.access_data import stable_part
from tradepost.check.answers import PROCESSING, Answer, expect_accepted, expect_readable, failed
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.check.repeat_diagnosis import CreateFactory, explain_another_instance
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

RESTART_CHECK = "idempotency.restart"
LATER_CHECK = "idempotency.later"
"""Repeats an order of the run's beginning at its end."""
RESTART_TIMEOUT = 60.0
REPEATS = 3
"""Repeats of one order: each process of a server may have its own memory."""
LOOK_UPS, PAUSE = 5, 0.2
"""Number of queries, and seconds between them, to find an instance that a repeat may be creating."""
EXPECTED_ANSWER = Text(en="resultCode 000000 and the same instanceId", zh="返回000000和相同的instanceId")
REPEAT_CONTEXT = Text(en="repeat", zh="重复调用")


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
        required_activity = {"after_query": Query, "after_freeze": SetStatus, "after_renewal": Refresh}.get(
            name, Create
        )
        if target.has(required_activity):
            yield make(name, "once", body, title, EXPECTED_ANSWER)
    yield make(
        LATER_CHECK.partition(".")[2], "once", _later,
        Text(en="A repeat some seconds and many orders later gives the same instance", zh="数秒、许多订单之后的重复创建返回同一实例"), EXPECTED_ANSWER,
        alone=True,
    )  # fmt: skip
    if target.has(Release):
        yield make(
            "after_release", "once", _after_release,
            Text(en="A repeat of an order whose instance was released makes no instance", zh="实例释放之后，重复的订单不再创建实例"),
            Text(en="the instanceId of the first call, or a refusal (which of them is written nowhere); the instance stays released",
                 zh="返回首次的instanceId，或拒绝（文档未规定取哪一种）；实例保持已释放"),
        )  # fmt: skip
    expected = Text(en="another instanceId", zh="返回不同的instanceId")
    yield make(
        "other_order", "once", _other_order,
        Text(en="Two orders give two instances", zh="两个订单得到两个实例"), expected,
    )  # fmt: skip
    if any(field.name == "orderLineId" for field in target.specification.requests.get(Create, ())):
        yield make(
            "other_line", "once", _other_line,
            Text(en="Two lines of one order give two instances", zh="同一订单的两个订单行得到两个实例"), expected,
        )  # fmt: skip
    if any(field.name in {"appInfo", "license"} for field in target.specification.answers.get(Create, ())):
        yield make(
            "same_content", "once", _same_content,
            Text(en="A repeat tells what the first answer told", zh="重复请求返回与首次相同的内容"),
            Text(en="the same licence, the same address and user name", zh="license、地址和用户名与首次相同"),
        )  # fmt: skip
    yield make(
        "restart", "once", _restart,
        Text(en="A repeat after a restart of the server gives the same instance", zh="服务器重启后的重复创建返回同一实例"), EXPECTED_ANSWER, alone=True,
    )  # fmt: skip


# --- creation --------------------------------------------------------------------------------------------------------


def _first_creation(caller: Caller) -> tuple[Order, str, Answer]:
    """Create a real instance as the base of a comparison; skip the check if creation does not work."""
    caller.instance(keep=True)
    order, business_id = caller.samples.order(), caller.samples.business_id()
    answer = caller.create(caller.samples.create(order, business_id=business_id))
    expect_accepted(answer, context=Text(en="first call", zh="第一次调用"))
    if not answer.instance_id:
        raise failed("missing_field", answer, Text(en="no instanceId", zh="没有instanceId"))
    return order, business_id, answer


def expect_same_instance(
    caller: Caller,
    first_id: str,
    repeated: Answer,
    *,
    context: Text = REPEAT_CONTEXT,
    name: str = "new_instance_id_each_call",
    make: CreateFactory | None = None,
) -> None:
    """``name``: the diagnosis if a plain repeat of an order returns one instance. ``make``: creates such an order."""
    expect_readable(repeated, context=context)
    if not repeated.accepted:
        raise failed("repeat_refused", repeated, context)
    if not repeated.instance_id:
        raise failed(
            "missing_field", repeated, Text(en=f"{context.en}, no instanceId", zh=f"{context.zh}，没有instanceId")
        )
    if repeated.instance_id != first_id:
        raise Failed(
            explain_another_instance(caller, make) or name,
            Text(
                en=f"first {first_id}, then {repeated.instance_id}",
                zh=f"第一次为{first_id}，之后为{repeated.instance_id}",
            ),
        )


def _repeat(caller: Caller) -> None:
    order, business_id, first_answer = _first_creation(caller)
    command = caller.samples.create(order, business_id=business_id)
    for _ in range(REPEATS):
        expect_same_instance(caller, first_answer.instance_id, caller.create(command))


def _retry(caller: Caller) -> None:
    order, _, first_answer = _first_creation(caller)
    for _ in range(REPEATS):
        expect_same_instance(caller, first_answer.instance_id, caller.create(caller.samples.create(order)))


def _after_query(caller: Caller) -> None:
    order, _, first_answer = _first_creation(caller)
    caller.ask(Query(instance_ids=(first_answer.instance_id,)))
    expect_same_instance(caller, first_answer.instance_id, caller.create(caller.samples.create(order)))


def _after_freeze(caller: Caller) -> None:
    instance = caller.instance()
    if not caller.ask(caller.samples.status(instance.instance_id, freeze=True)).accepted:
        raise Skipped(Text(en="freezing is refused, see the group lifecycle", zh="冻结被拒绝，见lifecycle组"))
    _expect_repeat_finds(caller, instance)


def _expect_repeat_finds(caller: Caller, instance: CreatedInstance) -> None:
    expect_same_instance(caller, instance.instance_id, caller.create(caller.samples.create(instance.order)))


def _after_renewal(caller: Caller) -> None:
    caller.need(Refresh)
    instance = caller.instance()
    if not caller.ask(caller.samples.refresh(instance.instance_id)).accepted:
        raise Skipped(Text(en="the renewal is refused, see the group lifecycle", zh="续费被拒绝，见lifecycle组"))
    _expect_repeat_finds(caller, instance)


def _later(caller: Caller) -> None:
    _expect_repeat_finds(caller, caller.instance(keep=True))


def _after_release(caller: Caller) -> None:
    instance = caller.instance()
    if not caller.ask(caller.samples.release(instance.instance_id)).accepted:
        raise Skipped(Text(en="the release is refused, see the group lifecycle", zh="释放被拒绝，见lifecycle组"))
    was_gone = not _has_instance(caller, caller.look_up(instance.instance_id))
    repeated_answer = caller.create(caller.samples.create(instance.order))
    expect_readable(repeated_answer)
    if repeated_answer.accepted and repeated_answer.instance_id and repeated_answer.instance_id != instance.instance_id:
        raise Failed(
            explain_another_instance(caller) or "new_instance_after_release",
            Text(
                en=f"first {instance.instance_id}, after its release {repeated_answer.instance_id}",
                zh=f"第一次为{instance.instance_id}，释放之后为{repeated_answer.instance_id}",
            ),
        )
    if was_gone and repeated_answer.accepted:
        _stays_released(caller, instance.instance_id, pending=repeated_answer.code == PROCESSING)


def _stays_released(caller: Caller, instance_id: str, *, pending: bool) -> None:
    """``pending``: a creation may be in progress."""
    for attempt in range(LOOK_UPS if pending else 1):
        time.sleep(PAUSE if attempt else 0)
        answer = caller.look_up(instance_id)
        if _has_instance(caller, answer):
            context = Text(en="the released instance afterwards", zh="之后查看已释放的实例")
            raise failed("new_instance_after_release", answer, context)


def _has_instance(caller: Caller, answer: Answer) -> bool:
    return answer.tells if caller.target.has(Query) else answer.accepted


def _after_others(caller: Caller) -> None:
    order, _, first_answer = _first_creation(caller)
    caller.create(caller.samples.create())
    expect_same_instance(caller, first_answer.instance_id, caller.create(caller.samples.create(order)))


def _other_order(caller: Caller) -> None:
    _, _, first_answer = _first_creation(caller)
    other_answer = caller.create(caller.samples.create())
    expect_accepted(other_answer)
    if other_answer.instance_id == first_answer.instance_id:
        raise failed("id_reused", other_answer, Text(en="two orders, one instanceId", zh="两个订单得到同一instanceId"))


def _other_line(caller: Caller) -> None:
    order, _, first_answer = _first_creation(caller)
    other_answer = caller.create(caller.samples.create(Order(order.order_id, 2)))
    expect_accepted(other_answer)
    if other_answer.instance_id == first_answer.instance_id:
        raise failed(
            "order_line_ignored", other_answer, Text(en="two lines, one instanceId", zh="两个订单行得到同一instanceId")
        )


def _restart(caller: Caller) -> None:
    order, _, first_answer = _first_creation(caller)
    # The user provided this command to restart their server.
    completed_process = subprocess.run(  # noqa: S603
        shlex.split(caller.options.restart or ""), capture_output=True, timeout=RESTART_TIMEOUT, check=False
    )
    if completed_process.returncode:
        raise Skipped(
            Text(
                en=f"the restart command ended with {completed_process.returncode}",
                zh=f"重启命令以{completed_process.returncode}退出",
            )
        )
    until = time.monotonic() + RESTART_TIMEOUT
    repeated_answer = caller.create(caller.samples.create(order))
    while repeated_answer.received.unreachable and time.monotonic() < until:
        time.sleep(0.1)
        repeated_answer = caller.create(caller.samples.create(order))
    caller.forget_instances()
    expect_same_instance(
        caller,
        first_answer.instance_id,
        repeated_answer,
        context=Text(en="after the restart", zh="重启之后"),
        name="forgets_after_restart",
    )


def _same_content(caller: Caller) -> None:
    caller.instance(keep=True)
    command = caller.samples.create()
    key = caller.options.key
    first_answer, repeated_answer = (
        caller.target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
        for answer in (caller.create(command), caller.create(caller.samples.create(_order_of(command))))
    )
    if (
        isinstance(first_answer, Done)
        and isinstance(repeated_answer, Unreachable)
        and repeated_answer.fault is Fault.MISSING_FIELD
    ):
        raise Failed(
            "missing_field", Text(en=f"repeat: {repeated_answer.detail}", zh=f"重复调用：{repeated_answer.detail}")
        )
    if not isinstance(first_answer, Done) or not isinstance(repeated_answer, Done):
        raise Skipped(Text(en="an answer cannot be read, see the group shape", zh="响应无法读取，见shape组"))
    if first_answer.license != repeated_answer.license:
        raise Failed("other_license", Text(en="the repeat tells another licence", zh="重复请求返回了不同的license"))
    # Another instance is reported by its own check.
    if first_answer.instance_id == repeated_answer.instance_id:
        before, after = (
            stable_part(done.instances[0].app if done.instances else None) for done in (first_answer, repeated_answer)
        )
        # A repeat may omit optional fields.
        differences = [(b, a) for b, a in zip(before, after, strict=True) if b and a and b != a]
        if differences:
            description = Text(
                en=f"first {differences[0][0]}, then {differences[0][1]}",
                zh=f"第一次为{differences[0][0]}，之后为{differences[0][1]}",
            )
            raise Failed("other_app_info", description)


def _order_of(command: Create) -> Order:
    line = command.order_line_id.rpartition("-")[2]
    return Order(command.order_id, int(line) if line.isascii() and line.isdigit() else 1)
