"""Group *shape*: the seller refuses requests with an invalid structure (saas-v2 §3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    BAD_PARAMETER,
    NO_INSTANCE,
    expect_accepted,
    expect_readable,
    expect_refusal,
    failed,
)
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.dialects import UrlDialect
from tradepost.check.outcomes import Skipped, Warned
from tradepost.check.samples import Order
from tradepost.protocols.commands import Command, Create, Refresh, SetStatus
from tradepost.protocols.text import Text
from tradepost.protocols.wire_fields import Field

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

AS_TEST = Text(en="as a test call", zh="作为测试调用")
AS_REAL = Text(en="as a real call", zh="作为真实调用")


@check_factory
def requests(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "shape")
    for kind, table in target.specification.requests.items():
        if kind not in target.protocol.activities:
            continue
        activity = target.activity(kind)
        yield make(
            f"{activity}.missing_fields", activity, _missing_fields(kind, table),
            Text(en=f"{activity}: a request without a mandatory field is refused", zh=f"{activity}：缺少必选字段的请求被拒绝"),
            Text(en="resultCode 000002, for each mandatory field in turn", zh="对每个必选字段，缺少时均返回resultCode 000002"),
        )  # fmt: skip
    if Create in target.specification.requests:
        known_names = {field.name for field in target.specification.requests[Create]}
        long_fields = [name for name in ("orderId", "orderLineId", "businessId") if name in known_names]
        yield make(
            "longest_values", target.activity(Create), _max_lengths,
            Text(en="Values of the documented length are accepted", zh="达到文档规定最大长度的值被接受"),
            Text(en=f"resultCode 000000 to values of 64 characters: {', '.join(long_fields)}", zh=f"{'、'.join(long_fields)}达到64个字符时返回000000"),
        )  # fmt: skip
    for kind, name, title in (
        (SetStatus, "status", Text(en="A status that there is not is refused", zh="不存在的status被拒绝")),
        (Refresh, "scene", Text(en="A scene that there is not is refused", zh="不存在的scene被拒绝")),
    ):
        if any(field.name == name for field in target.specification.requests.get(kind, ())):
            yield make(
                f"bad_{name}", target.activity(kind), _bad_value(kind, name), title,
                Text(en="resultCode 000002", zh="返回resultCode 000002"),
            )  # fmt: skip
    for kind, table in target.specification.requests.items():
        if kind in target.protocol.activities and any(field.name == "flag" for field in table):
            activity = target.activity(kind)
            yield make(
                f"{activity}.bad_flag", activity, _bad_flag(kind),
                Text(en=f"{activity}: a flag that there is not is refused", zh=f"{activity}：不存在的flag被拒绝"),
                Text(en="resultCode 000002", zh="返回resultCode 000002"),
            )  # fmt: skip
    yield from _activities(make)
    if target.dialect.json_body:
        for name, body, title in (
            (
                "not_json",
                b"activity=queryInstance",
                Text(en="A body that is no JSON is refused", zh="不是JSON的请求体被拒绝"),
            ),
            ("array", b'["activity"]', Text(en="A JSON array is refused", zh="JSON数组被拒绝")),
            ("empty_body", b"", Text(en="An empty body is refused", zh="空请求体被拒绝")),
            (
                "broken_json",
                b'{"activity":"queryInstance",',
                Text(en="A body that is cut short is refused", zh="被截断的JSON被拒绝"),
            ),
        ):
            if isinstance(target.dialect, UrlDialect):
                yield make(
                    name, "answer", _bad_body(body), title,
                    Text(en="HTTP 200 with resultCode 000002 (or 000001), although the bytes are signed correctly",
                         zh="即使签名正确，也返回HTTP 200和resultCode 000002（或000001）"),
                )  # fmt: skip


def _activities(make: CheckBuilder) -> Iterable[Check]:
    if make.target.specification.signed.value in {"url", "query"}:
        yield make(
            "activity_case", "codes", _activity_case,
            Text(en="An activity in capitals is another word", zh="全大写的activity不是同一接口"),
            Text(en="resultCode 000002 (recommended): names are compared with their case", zh="建议返回000002：接口名区分大小写"),
        )  # fmt: skip
    for name, value, title in (
        (
            "unknown_activity",
            "noSuchActivity",
            Text(en="An activity that there is not is refused", zh="不存在的activity被拒绝"),
        ),
        ("no_activity", None, Text(en="A request without an activity is refused", zh="没有activity的请求被拒绝")),
        ("empty_activity", "", Text(en="An empty activity is refused", zh="activity为空的请求被拒绝")),
    ):
        if make.target.specification.signed.value in {"url", "query"}:
            yield make(
                name, "codes", _activity(value), title,
                Text(en="HTTP 200 with resultCode 000002", zh="返回HTTP 200和resultCode 000002"),
            )  # fmt: skip


def _missing_fields(kind: type[Command], table: tuple[Field, ...]) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        # A separate instance, since a seller that accepts such a request may change it in any way.
        instance = caller.instance() if kind is not Create and caller.target.has(Create) else None
        command = caller.samples.of(kind, instance.instance_id if instance else caller.samples.unknown_id())
        if command is None:
            raise Skipped(Text(en="the tester has no sample of this request", zh="测试程序没有该请求的样例"))
        stamp_fields = {caller.target.dialect.timestamp, caller.target.dialect.token}
        for field in table:
            if not field.mandatory or field.name in stamp_fields:
                continue
            answer = caller.send(caller.changed(command, {field.name: None}))
            caller.note_created(answer)
            context = Text(en=f"without {field.name}", zh=f"缺少{field.name}时")
            codes: tuple[str, ...] = (BAD_PARAMETER, NO_INSTANCE) if "nstance" in field.name else (BAD_PARAMETER,)
            if instance is None and kind is not Create:
                # About an unknown instance, which the seller may report before it validates the rest.
                codes = ()
            expect_refusal(answer, "accepts_missing_field", *codes, context=context)
        if instance:
            caller.give_back(instance)

    return body


def _max_lengths(caller: Caller) -> None:
    caller.instance(keep=True)
    order = Order(f"CS{caller.chance()}{caller.chance()}"[:57].upper())
    business_id = (caller.chance() + caller.chance())[:64]
    first_answer = caller.ask(caller.samples.create(order, business_id=business_id))
    expect_accepted(first_answer, "refuses_longest_value")
    # A truncated key would treat the next order with the same beginning as the same order.
    twin = Order(order.order_id[:-1] + ("A" if order.order_id[-1] != "A" else "B"))
    second_answer = caller.ask(caller.samples.create(twin))
    expect_accepted(second_answer, "refuses_longest_value")
    if first_answer.instance_id and first_answer.instance_id == second_answer.instance_id:
        raise failed(
            "refuses_longest_value",
            second_answer,
            Text(
                en="two orders that differ in their 57th character gave one instance",
                zh="第57个字符不同的两个订单得到同一实例",
            ),
        )


def _bad_value(kind: type[Command], name: str) -> Body:
    def body(caller: Caller) -> None:
        caller.need(kind)
        instance = caller.instance() if caller.target.has(Create) else None
        command = caller.samples.of(kind, instance.instance_id if instance else caller.samples.unknown_id())
        assert command is not None
        answer = caller.send(caller.changed(command, {name: "NO_SUCH_VALUE"}))
        context = Text(en=f"with {name}=NO_SUCH_VALUE", zh=f"{name}为NO_SUCH_VALUE时")
        expect_refusal(answer, "accepts_bad_value", *((BAD_PARAMETER,) if instance else ()), context=context)
        if instance:
            caller.give_back(instance)

    return body


def _bad_flag(kind: type[Command]) -> Body:
    def body(caller: Caller) -> None:
        command = caller.samples.of(kind, "")
        assert command is not None
        # About an unknown tenant, so any refusal is accepted.
        answer = caller.send(caller.changed(command, {"flag": 9}))
        expect_refusal(answer, "accepts_bad_value", context=Text(en="with flag=9", zh="flag为9时"))

    return body


def _activity(value: str | None) -> Body:
    def body(caller: Caller) -> None:
        name = "success_for_unknown_activity"
        # As a real and as a test call, since separate code often handles test calls.
        for test in (False, True):
            request = caller.changed(caller.harmless(test=test), {"activity": value})
            context = AS_TEST if test else AS_REAL
            expect_refusal(caller.send(request), name, BAD_PARAMETER, context=context)

    return body


def _activity_case(caller: Caller) -> None:
    command = caller.harmless()
    activity = str(caller.target.dialect.members(caller.request(command))["activity"])
    answer = caller.send(caller.changed(command, {"activity": activity.upper()}))
    expect_readable(answer, http_error="http_error_for_bad_request")
    if answer.accepted:
        description = answer.describe()
        raise Warned(
            "activity_case",
            Text(en=f"{activity.upper()}: {description.en}", zh=f"{activity.upper()}：{description.zh}"),
        )


def _bad_body(content: bytes) -> Body:
    def body(caller: Caller) -> None:
        dialect = caller.target.dialect
        assert isinstance(dialect, UrlDialect)
        request = dialect.signed_bytes(caller.request(caller.harmless()), content, caller.signing_inputs())
        expect_refusal(caller.send(request), "accepts_not_json")

    return body
