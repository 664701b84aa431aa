"""Group *lifecycle*: unknown and released instances, and changes that may be refused with a reason (saas-v2 §3.2 to
§3.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    NO_INSTANCE,
    Answer,
    expect_accepted,
    expect_readable,
    expect_refusal,
    expect_success,
    failed,
)
from tradepost.check.caller import usable_id
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Skipped, Warned
from tradepost.check.samples import Order
from tradepost.protocols.commands import (
    CheckChange,
    Command,
    Create,
    Expire,
    Query,
    Refresh,
    Release,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target


SILENT = (Upgrade, CheckChange)
"""Activities whose answer after a release is undocumented: 000003 is documented for the others (saas-v2 §4)."""


@check_factory
def limits(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "lifecycle")
    for kind in (Query, Refresh, SetStatus, Release, Upgrade, CheckChange, Expire):
        if not target.has(kind) or not target.has(Create):
            continue
        activity = target.activity(kind)
        yield make(
            f"unknown.{activity}", activity, _unknown(kind),
            Text(en=f"{activity} of an instance that never was", zh=f"{activity}：从未存在的实例"),
            Text(en="HTTP 200 with resultCode 000003" + (", or success" if kind is Release else ""),
                 zh="返回HTTP 200和resultCode 000003" + ("，或返回成功" if kind is Release else "")),
        )  # fmt: skip
    if not target.has(Create, Release):
        return
    for kind in (Query, Refresh, SetStatus, Upgrade, CheckChange):
        if target.has(kind):
            activity = target.activity(kind)
            yield make(
                f"released.{activity}", activity, _released(kind),
                Text(en=f"{activity} of a released instance is refused", zh=f"{activity}：已释放的实例被拒绝"),
                Text(en="a refusal (recommended: the specification is silent here)", zh="建议拒绝（规范未作说明）")
                if kind in SILENT
                else Text(en="resultCode 000003: it no longer exists", zh="返回000003：实例已不存在"),
            )  # fmt: skip
    if target.has(Query) and any(
        field.name == "orderLineId" for field in target.specification.requests.get(Create, ())
    ):
        yield make(
            "released_line", target.activity(Release), _released_line,
            Text(en="Releasing one line of an order leaves the other", zh="释放订单的一行不影响另一行"),
            Text(en="the other line's instance can still be queried", zh="另一订单行的实例仍可查询"),
        )  # fmt: skip
    yield make(
        "id_not_reused", target.activity(Create), _not_reused,
        Text(en="A released instance's id is not given to another order", zh="已释放实例的ID不会分配给其他订单"),
        Text(en="another instanceId", zh="返回不同的instanceId"),
        alone=True,
    )  # fmt: skip
    if target.has(Upgrade):
        yield make(
            "upgrade", target.activity(Upgrade), _upgrade,
            Text(en="An upgrade is done, or refused with a reason", zh="升级成功，或以明确原因拒绝"),
            Text(en="resultCode 000000 or a refusal; the instance can be queried afterwards", zh="返回000000或拒绝；之后实例仍可查询"),
        )  # fmt: skip
    if target.has(CheckChange):
        yield make(
            "check_change", target.activity(CheckChange), _check_change,
            Text(en="A change is allowed, or refused with a reason", zh="变更被允许，或以明确原因拒绝"),
            Text(en="resultCode 000000, or 000005 with the reason in resultMsg", zh="返回000000，或返回000005并在resultMsg中说明原因"),
        )  # fmt: skip


def _unknown(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        caller.instance(keep=True)
        command = caller.samples.of(kind, caller.samples.unknown_id())
        if command is None:
            raise Skipped(Text(en="the tester has no sample of this request", zh="测试程序没有该请求的样例"))
        answer = caller.ask(command)
        expect_readable(answer, http_error="http_500_for_unknown_instance")
        if kind is Release and answer.succeeded:
            return
        # For a query the code is undocumented, and some activities may refuse because of the order, so any refusal is
        # accepted.
        codes = () if kind in {Query, Upgrade, CheckChange} else (NO_INSTANCE,)
        is_empty = kind is Query and answer.succeeded and not (answer.members or {}).get("info")
        if is_empty:
            return
        # 000004 would make a market repeat the call for hours.
        expect_refusal(answer, "success_for_unknown_instance", *codes)

    return body


def _released(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        instance = caller.instance()
        expect_success(caller.ask(caller.samples.release(instance.instance_id)), context=Text(en="release", zh="释放"))
        command = caller.samples.of(kind, instance.instance_id)
        assert command is not None
        answer = caller.ask(command)
        expect_readable(answer, http_error="http_500_for_unknown_instance")
        if kind is Query and answer.succeeded and not _info(answer):
            return
        if kind in SILENT and answer.accepted:
            description = answer.describe()
            raise Warned(
                "released_still_answers",
                Text(
                    en=f"{description.en}; what is answered to it after a release, the specification does not say",
                    zh=f"{description.zh}；规范没有说明释放之后应如何响应该接口",
                ),
            )
        expect_refusal(answer, "released_still_answers")

    return body


def _info(answer: Answer) -> object:
    return (answer.members or {}).get("info")


def _released_line(caller: Caller) -> None:
    caller.instance(keep=True)
    order = caller.samples.order()
    first_answer, second_answer = (caller.create(caller.samples.create(Order(order.order_id, line))) for line in (1, 2))
    if (
        not (usable_id(first_answer.instance_id) and usable_id(second_answer.instance_id))
        or first_answer.instance_id == second_answer.instance_id
    ):
        raise Skipped(
            Text(
                en="two lines did not give two instances, see the group idempotency",
                zh="两个订单行没有得到两个实例，见idempotency组",
            ),
        )
    for answer in (first_answer, second_answer):
        caller.wait_ready(answer.instance_id)
    expect_success(caller.ask(caller.samples.release(first_answer.instance_id)), context=Text(en="release", zh="释放"))
    other_answer = caller.ask(Query(instance_ids=(second_answer.instance_id,)))
    expect_success(other_answer, "release_takes_others", Text(en="query of the other line", zh="查询另一订单行"))


def _not_reused(caller: Caller) -> None:
    instance = caller.instance()
    expect_success(caller.ask(caller.samples.release(instance.instance_id)), context=Text(en="release", zh="释放"))
    other_answer = caller.create(caller.samples.create())
    expect_accepted(other_answer)
    if other_answer.instance_id == instance.instance_id:
        raise failed("id_reused", other_answer)


def _upgrade(caller: Caller) -> None:
    caller.need(Upgrade)
    # A never renewed instance: a seller that requires a renewal first would pass with another check's instance.
    instance = caller.fresh()
    answer = caller.ask(caller.samples.upgrade(instance.instance_id))
    expect_readable(answer)
    if answer.refused and caller.target.has(Refresh):
        # A refusal may concern the order, which only a market knows. If a renewal resolves it, the sequence was the
        # cause.
        caller.ask(caller.samples.refresh(instance.instance_id))
        if caller.ask(caller.samples.upgrade(instance.instance_id)).accepted:
            raise failed("depends_on_order", answer)
    if caller.target.has(Query):
        expect_success(caller.ask(Query(instance_ids=(instance.instance_id,))), context=Text(en="query", zh="查询"))


def _check_change(caller: Caller) -> None:
    caller.need(CheckChange)
    instance = caller.instance(keep=True)
    answer = caller.ask(caller.samples.check_change(instance.instance_id))
    expect_readable(answer)
    if answer.refused and not (answer.members or {}).get("resultMsg"):
        raise failed("missing_result", answer, Text(en="a refusal without a reason", zh="拒绝但没有说明原因"))
