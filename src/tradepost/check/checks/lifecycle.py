"""Group *lifecycle*: an instance's life in every order of calls that a market may send (saas-v2 §3, saas-v1-license
§A7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tradepost.check.answers import (
    BAD_PARAMETER,
    NO_INSTANCE,
    NOT_AUTHENTIC,
    PROCESSING,
    SUCCESS,
    expect_accepted,
    expect_readable,
    expect_success,
    failed,
)
from tradepost.check.caller import usable_id
from tradepost.check.definition import Body, Check, CheckBuilder, check_factory
from tradepost.check.dialects import QueryDialect
from tradepost.check.outcomes import Failed, Skipped
from tradepost.protocols.commands import (
    CheckChange,
    Command,
    Create,
    Expire,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
)
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

MAX_IDS = 100
type Step = tuple[Text, Callable[[Caller, str], Command]]


def _freezing(caller: Caller, instance_id: str) -> Command:
    """Return the command that freezes a period instance, which is a separate activity in some versions."""
    if caller.target.has(SetStatus):
        return caller.samples.status(instance_id, freeze=True)
    return Expire(instance_id=instance_id, order_id=caller.samples.order().order_id)


FREEZE: Step = (Text(en="freeze", zh="冻结"), _freezing)
UNFREEZE: Step = (
    Text(en="unfreeze", zh="解冻"),
    lambda caller, instance_id: caller.samples.status(instance_id, freeze=False),
)
REFRESH: Step = (Text(en="renew", zh="续费"), lambda caller, instance_id: caller.samples.refresh(instance_id))
RELEASE: Step = (Text(en="release", zh="释放"), lambda caller, instance_id: caller.samples.release(instance_id))
BARE_RELEASE: Step = (
    Text(en="release without orderId", zh="不带orderId的释放"),
    lambda caller, instance_id: caller.samples.release(instance_id, with_order=False),
)
QUERY: Step = (Text(en="query", zh="查询"), lambda _, instance_id: Query(instance_ids=(instance_id,)))
EXPIRE: Step = (
    Text(en="expire", zh="到期"),
    lambda caller, instance_id: Expire(instance_id=instance_id, order_id=caller.samples.order().order_id),
)

PATHS: tuple[tuple[str, Text, tuple[Step, ...]], ...] = (
    ("query", Text(en="A new instance can be queried", zh="新建实例可查询"), (QUERY,)),
    ("renew", Text(en="A new instance is renewed twice and queried", zh="新建实例续费两次后可查询"), (REFRESH, REFRESH, QUERY)),
    ("freeze", Text(en="An instance is frozen, and unfrozen", zh="实例冻结后解冻"), (FREEZE, UNFREEZE, QUERY)),
    ("frozen_query", Text(en="A frozen instance can be queried", zh="冻结的实例可查询"), (FREEZE, QUERY)),
    ("freeze_twice", Text(en="Freezing twice, then unfreezing twice", zh="重复冻结后重复解冻"), (FREEZE, FREEZE, UNFREEZE, UNFREEZE, QUERY)),
    ("unfreeze_active", Text(en="An instance that is not frozen is unfrozen", zh="未冻结的实例被解冻"), (UNFREEZE, QUERY)),
    ("frozen_renewed", Text(en="A frozen instance is renewed, then unfrozen", zh="冻结的实例先续费后解冻"), (FREEZE, REFRESH, UNFREEZE, QUERY)),
    ("unfrozen_renewed", Text(en="A frozen instance is unfrozen, then renewed", zh="冻结的实例先解冻后续费"), (FREEZE, UNFREEZE, REFRESH, QUERY)),
    ("expired_renewed", Text(en="An expired instance is renewed", zh="已到期的实例续费"), (EXPIRE, REFRESH, QUERY)),
    ("expire_twice", Text(en="An instance expires twice", zh="重复到期"), (EXPIRE, EXPIRE)),
    ("expired_released", Text(en="An expired instance is released", zh="已到期的实例被释放"), (EXPIRE, RELEASE)),
    ("released_at_once", Text(en="A new instance is released", zh="新建实例被释放"), (RELEASE,)),
    ("released_without_order", Text(en="A release without an order, as at the end of the retention time", zh="不带订单号的释放（保留期结束）"), (BARE_RELEASE,)),
    ("frozen_released", Text(en="A frozen instance is released", zh="冻结的实例被释放"), (FREEZE, RELEASE)),
    ("released_twice", Text(en="An instance is released twice", zh="重复释放"), (RELEASE, RELEASE)),
    ("release_after_renewal", Text(en="A renewed instance is released", zh="续费后的实例被释放"), (REFRESH, RELEASE)),
)  # fmt: skip


@check_factory
def paths(target: Target) -> Iterable[Check]:
    if not target.has(Create):
        return
    make = CheckBuilder(target, "lifecycle")
    for name, title, steps in PATHS:
        kinds = _kinds(steps)
        if not target.has(Query) and len(steps) > 1:
            # In a version without queries, only refusals show the state of an instance.
            steps = tuple(step for step in steps if step is not QUERY)  # noqa: PLW2901
            kinds = _kinds(steps)
        if not target.has(*kinds):
            continue
        yield make(
            name, target.activity(kinds[0]), _path(steps), title,
            Text(en="resultCode 000000 to every step", zh="每一步均返回000000"),
        )  # fmt: skip
    yield from _scenes(make)
    if target.has(Query):
        yield make(
            "asynchronous", target.activity(Create), _asynchronous,
            Text(en="A creation ends: now, or later when it said 000004", zh="创建最终完成：立即完成，或返回000004后稍后完成"),
            Text(en="while 000004 is said no info comes; then the instance is answered with 000000",
                 zh="返回000004期间不返回info；之后以000000返回实例信息"),
        )  # fmt: skip
        yield make(
            "two_ids", target.activity(Query), _several(2),
            Text(en="Two instances in one query are both answered", zh="一次查询两个实例均有返回"),
            Text(en="info with an entry for each id", zh="info中每个ID对应一条"),
        )  # fmt: skip
        yield make(
            "hundred_ids", target.activity(Query), _hundred,
            Text(en=f"A query for {MAX_IDS} ids is read", zh=f"一次查询{MAX_IDS}个ID可以被读取"),
            Text(en="an answer of 000000 to a test call", zh="测试调用返回000000"),
        )  # fmt: skip


def _scenes(make: CheckBuilder) -> Iterable[Check]:
    target = make.target
    table = {field.name: field for field in target.specification.requests.get(Refresh, ())}
    if not target.has(Refresh):
        return
    # SaaS 1.0 expresses three of them by other fields (saas-v1-license A2.3); License 1.0 only has renewals.
    scenes = (Scene.TRIAL_TO_FORMAL, Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD)
    values = table["scene"].values if "scene" in table else scenes if "trialToFormal" in table else ("RENEWAL",)
    for scene, in_chinese in (
        (Scene.TRIAL_TO_FORMAL, "试用转正式"),
        (Scene.RENEWAL, "续费"),
        (Scene.UNSUBSCRIBE_RENEWAL_PERIOD, "退续费"),
        (Scene.RENEWAL_CHANGE, "续费变更"),
    ):
        if scene in values:
            yield make(
                f"scene.{scene.lower()}", target.activity(Refresh), _scene(scene),
                Text(en=f"{target.activity(Refresh)} with scene {scene}", zh=f"{target.activity(Refresh)}，场景为{scene}（{in_chinese}）"),
                Text(en="resultCode 000000, and the instance stays as it is otherwise", zh="返回000000，实例其他信息不变"),
            )  # fmt: skip
    yield make(
        "without_product", target.activity(Refresh), _without_product,
        Text(en="A renewal without a productId is accepted", zh="不带productId的续费被接受"),
        Text(en="resultCode 000000: it is sent only when the period type changes", zh="返回000000：仅在周期类型变化时才发送"),
    )  # fmt: skip


# --- paths -----------------------------------------------------------------------------------------------------------


def _kinds(steps: tuple[Step, ...]) -> list[type[Command]]:
    by_step: dict[int, type[Command]] = {
        id(FREEZE): SetStatus, id(UNFREEZE): SetStatus, id(REFRESH): Refresh, id(RELEASE): Release,
        id(BARE_RELEASE): Release, id(QUERY): Query, id(EXPIRE): Expire,
    }  # fmt: skip
    return [by_step[id(step)] for step in steps]


def _path(steps: tuple[Step, ...]) -> Body:
    def body(caller: Caller) -> None:
        for kind in dict.fromkeys(_kinds(steps)):
            caller.need(kind)
        instance = caller.instance()
        done_steps: list[Step] = []
        for step in steps:
            words, make = step
            answer = caller.ask(make(caller, instance.instance_id))
            so_far = [*(before.en for before, _ in done_steps), words.en]
            after = Text(
                en=" after ".join(reversed(so_far)), zh="→".join([*(before.zh for before, _ in done_steps), words.zh])
            )
            name = _mistake(step, done_steps)
            if step is UNFREEZE and answer.code == BAD_PARAMETER:
                name = _other_status_value(caller, instance.instance_id) or name
            if (
                step is BARE_RELEASE
                and answer.refused
                and caller.ask(caller.samples.release(instance.instance_id)).accepted
            ):
                name = "requires_optional_field"
            expect_success(answer, name, after)
            done_steps.append(step)
        if not {Release, Expire} & set(_kinds(steps)) and (FREEZE not in steps or UNFREEZE in steps):
            caller.give_back(instance)

    return body


def _other_status_value(caller: Caller, instance_id: str) -> str:
    """Return the status value of the other generation if the seller expects it (saas-v1-license A2.7)."""
    command = caller.samples.status(instance_id, freeze=False)
    members = caller.target.dialect.members(caller.request(command))
    words = {"NORMAL": "UNFREEZE", "UNFREEZE": "NORMAL"}
    changes = {name: words[str(value)] for name, value in members.items() if str(value) in words}
    return "status_of_other_version" if caller.send(caller.changed(command, changes)).accepted else ""


def _mistake(step: Step, done_steps: list[Step]) -> str:
    if step in done_steps:
        return "repeat_refused"
    if any(before in (FREEZE, EXPIRE) for before in done_steps):
        return "frozen_is_lost"
    return "depends_on_order" if step in (UNFREEZE, RELEASE, BARE_RELEASE) else "refuses_correct_request"


def _scene(scene: Scene) -> Body:
    def body(caller: Caller) -> None:
        caller.need(Refresh)
        if scene is Scene.RENEWAL_CHANGE and not (caller.target.has(CheckChange) and caller.offers(CheckChange)):
            raise Skipped(Text(en="renewals with a change are not offered", zh="未提供续费变更"))
        now = caller.clock().replace(microsecond=0)
        is_earlier = scene is Scene.UNSUBSCRIBE_RENEWAL_PERIOD
        with caller.borrowed_instance() as instance:
            if is_earlier:
                first_answer = caller.ask(caller.samples.refresh(instance.instance_id))
                expect_success(first_answer, context=Text(en="renewal", zh="续费"))
            until = now + dt.timedelta(days=15 if is_earlier else 365)
            command = caller.samples.refresh(instance.instance_id, until, scene=scene)
            # SaaS 1.0's sign of a cancelled renewal (saas-v1-license A2.3).
            paid_back = (
                {"orderAmount": "-12.5"} if is_earlier and isinstance(caller.target.dialect, QueryDialect) else {}
            )
            expect_success(caller.send(caller.changed(command, paid_back)))

    return body


def _without_product(caller: Caller) -> None:
    caller.need(Refresh)
    with caller.borrowed_instance() as instance:
        command = caller.samples.refresh(instance.instance_id)
        answer = caller.send(caller.changed(command, {"productId": None}))
        name = "refuses_correct_request"
        if answer.refused and caller.ask(caller.samples.refresh(instance.instance_id)).accepted:
            name = "requires_optional_field"
        expect_success(answer, name)


def _asynchronous(caller: Caller) -> None:
    command = caller.samples.create()
    first_answer = caller.create(command)
    expect_accepted(first_answer)
    if not usable_id(first_answer.instance_id):
        raise Skipped(
            Text(en="no usable instanceId came, see the group shape", zh="没有返回可用的instanceId，见shape组")
        )
    query = caller.ask(Query(instance_ids=(first_answer.instance_id,)))
    expect_readable(query, context=Text(en="query", zh="查询"))
    if query.code == PROCESSING and (query.members or {}).get("info"):
        raise failed("pending_with_info", query)
    repeated_answer = caller.ask(command)
    expect_accepted(repeated_answer, "repeat_refused", Text(en="repeat of the creation", zh="重复创建"))
    try:
        ready_answer = caller.wait_ready(first_answer.instance_id)
    except Skipped as timeout:
        raise Failed("never_ready", timeout.why) from None
    expect_readable(ready_answer, context=Text(en="last query", zh="最后一次查询"))
    if ready_answer.code != SUCCESS:
        raise failed("never_ready", ready_answer)
    last_answer = caller.ask(command)
    expect_success(
        last_answer, "repeat_refused", Text(en="repeat of the creation, once it is ready", zh="就绪之后重复创建")
    )


def _several(number: int) -> Body:
    def body(caller: Caller) -> None:
        instances = [caller.instance() for _ in range(number)]
        command = Query(instance_ids=tuple(instance.instance_id for instance in instances))
        answer = caller.ask(command)
        expect_success(answer, "one_id_only")
        key = caller.options.key
        outcome = caller.target.protocol.decode(command, answer.with_valid_envelope(key), key=key)
        if getattr(outcome, "fault", None) is not None:
            detail = getattr(outcome, "detail", "")
            if str(getattr(outcome, "fault", "")) != "other_instance":
                raise Skipped(Text(en=f"the answer cannot be read: {detail}", zh=f"响应无法读取：{detail}"))
            raise Failed("other_instance", Text.same(detail))
        caller.give_back(*instances)

    return body


def _hundred(caller: Caller) -> None:
    # As long as this seller's IDs: only their number is limited (saas-v2 §3.2).
    length = len(caller.any_id())
    ids = tuple((caller.samples.unknown_id() * 2)[:length] for _ in range(MAX_IDS))
    answer = caller.ask(Query(instance_ids=ids, test=True))
    expect_readable(answer)
    if answer.code not in {SUCCESS, NO_INSTANCE, PROCESSING}:
        raise failed("refuses_long_body" if answer.code == NOT_AUTHENTIC else "one_id_only", answer)
