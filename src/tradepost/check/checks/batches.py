"""Group *lifecycle*: a query for several instances returns each one's own data (saas-v2 §3.2, saas-v1-license A2.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tradepost.check.access_data import access
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.outcomes import Failed, Skipped
from tradepost.protocols.commands import AppInfo, Create, Query
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target

INSTANCE_COUNT = 3
COMPARED_FIELDS = {
    "password": "password",
    "userName": "user_name",
    "frontEndUrl": "front_end_url",
    "adminUrl": "admin_url",
    "memo": "memo",
}
"""Members of appInfo with their names in this code."""

type AccessByInstance = Mapping[str, AppInfo | None]


@check_factory
def batches(target: Target) -> Iterable[Check]:
    if target.has(Query, Create):
        yield CheckBuilder(target, "lifecycle")(
            "several_ids.own_data", target.activity(Query), _returns_own_data,
            Text(en=f"In a query for {INSTANCE_COUNT} instances each has its own access data", zh=f"一次查询{INSTANCE_COUNT}个实例时，各自返回自己的访问信息"),
            Text(en="info with an entry for each id, holding what a query for that id alone tells", zh="info中每个ID的内容与单独查询该ID时一致"),
        )  # fmt: skip


def _returns_own_data(caller: Caller) -> None:
    instances = [caller.instance() for _ in range(INSTANCE_COUNT)]
    ids = tuple(instance.instance_id for instance in instances)
    before = _query_each(caller, ids)
    # Rows may come back in the order of the table, of a key, or of the request; one of these turns reveals it. A
    # missing instance must not shift the others.
    turns = (ids, ids[::-1], ids[1:] + ids[:1], (caller.samples.unknown_id(), *ids))
    batches = [access(caller, Query(instance_ids=ids), caller.ask(Query(instance_ids=turn))) for turn in turns]
    after = _query_each(caller, ids)
    for batch in filter(None, batches):
        for instance_id in ids:
            _compare(instance_id, batch, before, after)
    caller.give_back(*instances)


def _query_each(caller: Caller, ids: tuple[str, ...]) -> AccessByInstance:
    apps: dict[str, AppInfo | None] = {}
    for instance_id in ids:
        command = Query(instance_ids=(instance_id,))
        data = access(caller, command, caller.ask(command))
        if data is None:
            raise Skipped(Text(en="the answer cannot be read, see the group shape", zh="响应无法读取，见shape组"))
        apps |= data
    return apps


def _compare(instance_id: str, batch: AccessByInstance, before: AccessByInstance, after: AccessByInstance) -> None:
    """Compare only data that a single query returns both before and after: a memo may show the time, an address a new
    ticket."""
    for name, attribute in COMPARED_FIELDS.items():
        own_value, repeated_value, batched_value = (
            str(getattr(data.get(instance_id), attribute, "")) for data in (before, after, batch)
        )
        if not (own_value and batched_value) or own_value != repeated_value or batched_value == own_value:
            continue
        owners = [i for i, app in before.items() if i != instance_id and getattr(app, attribute, "") == batched_value]
        owner = Text(en=f"that of {owners[0]}", zh=f"{owners[0]}的") if owners else Text(en="another", zh="另一个")
        # Not quoted, since it may be a password.
        raise Failed(
            "batch_mixed_up",
            Text(
                en=f"{name} of {instance_id} is {owner.en} in a query for several",
                zh=f"批量查询中{instance_id}的{name}是{owner.zh}",
            ),
        )
