"""Debug cases of the online License: five activities at one address (saas-v1-license B3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradepost.protocols.cases import ALWAYS, BY_PERIOD, Case
from tradepost.protocols.commands import Command, Create, GetLicenseAsync, Refresh, Release, SetStatus
from tradepost.protocols.text import Text

from .fields import ACTIVITIES, REQUESTS
from .requests import load_command

TABLES = REQUESTS


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    created_members = {"businessId": "made anew for each call"} if kind is Create else {}
    return load_command({**members, **created_members, "testFlag": "1"})


def _order(name: str) -> dict[str, str]:
    return {"orderId": name, "orderLineId": f"{name}-000001"}


CASES = (
    Case(
        kind=Create, activity=ACTIVITIES[Create], needs=ALWAYS,
        title=Text(en="Create an instance", zh="创建实例"),
    ),
    Case(
        kind=GetLicenseAsync, activity=ACTIVITIES[GetLicenseAsync], needs=ALWAYS,
        title=Text(en="Apply for a license", zh="申请License"),
    ),
    Case(
        kind=Refresh, activity=ACTIVITIES[Refresh], needs=BY_PERIOD,
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
)  # fmt: skip
