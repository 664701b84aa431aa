"""Group *lifecycle*: one query for several instances tells each of them its own (saas-v2 §3.2, saas-v1-license A2.8)."""

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

INSTANCES = 3
FIELDS = {
    "password": "password",
    "userName": "user_name",
    "frontEndUrl": "front_end_url",
    "adminUrl": "admin_url",
    "memo": "memo",
}
"""The members of appInfo, and what they are called here."""

type Told = Mapping[str, AppInfo | None]


@check_factory
def batches(target: Target) -> Iterable[Check]:
    if target.has(Query, Create):
        yield CheckBuilder(target, "lifecycle")(
            "several_ids.own_data", target.activity(Query), _own_data,
            Text(en=f"In a query for {INSTANCES} instances each has its own access data", zh=f"一次查询{INSTANCES}个实例时，各自返回自己的访问信息"),
            Text(en="info with an entry for each id, holding what a query for that id alone tells", zh="info中每个ID的内容与单独查询该ID时一致"),
        )  # fmt: skip


def _own_data(caller: Caller) -> None:
    made = [caller.instance() for _ in range(INSTANCES)]
    ids = tuple(one.instance_id for one in made)
    before = _alone(caller, ids)
    # Rows come back in the order of the table, of a key, or of the request: in one of these turns they differ. One that
    # there is not must not shift the others.
    turns = (ids, ids[::-1], ids[1:] + ids[:1], (caller.samples.unknown_id(), *ids))
    batches = [access(caller, Query(instance_ids=ids), caller.ask(Query(instance_ids=turn))) for turn in turns]
    after = _alone(caller, ids)
    for batch in filter(None, batches):
        for instance_id in ids:
            _compare(instance_id, batch, before, after)
    caller.give_back(*made)


def _alone(caller: Caller, ids: tuple[str, ...]) -> Told:
    told: dict[str, AppInfo | None] = {}
    for instance_id in ids:
        command = Query(instance_ids=(instance_id,))
        found = access(caller, command, caller.ask(command))
        if found is None:
            raise Skipped(Text(en="the answer cannot be read, see the group shape", zh="响应无法读取，见shape组"))
        told |= found
    return told


def _compare(instance_id: str, batch: Told, before: Told, after: Told) -> None:
    """Only what one instance is told alone, before and after: a memo may show the time, an address a fresh ticket."""
    for name, attribute in FIELDS.items():
        own, again, came = (str(getattr(told.get(instance_id), attribute, "")) for told in (before, after, batch))
        if not (own and came) or own != again or came == own:
            continue
        others = [i for i, app in before.items() if i != instance_id and getattr(app, attribute, "") == came]
        whose = Text(en=f"that of {others[0]}", zh=f"{others[0]}的") if others else Text(en="another", zh="另一个")
        # Not quoted: it may be a password.
        raise Failed(
            "batch_mixed_up",
            Text(
                en=f"{name} of {instance_id} is {whose.en} in a query for several",
                zh=f"批量查询中{instance_id}的{name}是{whose.zh}",
            ),
        )
