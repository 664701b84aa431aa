"""Debug cases of SaaS 2.0, one for each activity (saas-v2 §5.3). For pay-per-use, status and update calls are only sent
to a seller with a saved case for them (business-rules §17.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradepost.protocols.cases import ALWAYS, BY_PERIOD, BY_USAGE, Case, Need, Proof
from tradepost.protocols.commands import (
    CheckChange,
    Command,
    Create,
    Query,
    Refresh,
    Release,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.text import Text

from .fields import ACTIVITIES, REQUESTS
from .requests import load_command

TABLES = REQUESTS


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    del kind  # activity names the command
    created_members = {"businessId": "made anew for each call"} if members["activity"] == ACTIVITIES[Create] else {}
    return load_command({**members, **created_members, "testFlag": "1"})


def _order(name: str) -> dict[str, str]:
    return {"orderId": name, "orderLineId": f"{name}-000001"}


CASES = (
    Case(
        kind=Create, activity=ACTIVITIES[Create], needs=ALWAYS,
        title=Text(en="Create an instance", zh="创建实例"),
    ),
    Case(
        kind=Query, activity=ACTIVITIES[Query], needs=ALWAYS,
        title=Text(en="Query an instance", zh="查询实例"),
    ),
    Case(
        kind=Refresh, activity=ACTIVITIES[Refresh], needs=BY_PERIOD | {Need.STOP_PACKAGE},
        title=Text(en="Update an instance", zh="更新实例"), starts_with=_order("MOCKMONTYRENEW"),
    ),
    Case(
        kind=SetStatus, activity=ACTIVITIES[SetStatus], needs=BY_PERIOD,
        title=Text(en="Freeze and unfreeze an instance", zh="更新实例状态"),
    ),
    Case(
        kind=Release, activity=ACTIVITIES[Release], needs=ALWAYS,
        title=Text(en="Release an instance", zh="释放实例"), starts_with=_order("MOCKMONTYUNSUBSCRIBE"),
    ),
    Case(
        kind=Upgrade, activity=ACTIVITIES[Upgrade], needs=frozenset({Need.UPGRADE}),
        title=Text(en="Upgrade an instance", zh="实例升级"), starts_with=_order("MOCKMONTYCHANGE"),
    ),
    Case(
        kind=CheckChange, activity=ACTIVITIES[CheckChange], needs=frozenset({Need.RENEWAL_CHANGE}),
        title=Text(en="Check a renewal with a change", zh="续费变更校验"),
    ),
)  # fmt: skip

PROOFS = (Proof(name="usage_push", title=Text(en="Usage is pushed", zh="用量推送"), needs=BY_USAGE),)
