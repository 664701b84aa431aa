"""Debug cases of the authorization-code License. All three activities are optional, so no case is required; saved cases
are replayed. The seller's software must have activated and queried a code (saas-v1-license B2.2, B2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradepost.protocols.cases import ALWAYS, Case, Proof
from tradepost.protocols.commands import Command, Refresh, Release, SetStatus
from tradepost.protocols.text import Text

from .fields import ACTIVITIES, REQUESTS
from .requests import load_command

TABLES = REQUESTS


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    del kind  # activity names the command
    return load_command({**members, "testFlag": "1"})


def _order(name: str) -> dict[str, str]:
    return {"orderId": name, "orderLineId": f"{name}-000001"}


CASES = (
    Case(
        kind=Refresh, activity=ACTIVITIES[Refresh],
        title=Text(en="Renew an authorization code", zh="更新授权码"), starts_with=_order("MOCKMONTYRENEW"),
    ),
    Case(
        kind=SetStatus, activity=ACTIVITIES[SetStatus],
        title=Text(en="Freeze and unfreeze an authorization code", zh="更新授权码状态"),
    ),
    Case(
        kind=Release, activity=ACTIVITIES[Release],
        title=Text(en="Release an authorization code", zh="释放授权码"), starts_with=_order("MOCKMONTYUNSUBSCRIBE"),
    ),
)  # fmt: skip

PROOFS = (
    Proof(name="activate", title=Text(en="A code was activated", zh="授权码已激活"), needs=ALWAYS),
    Proof(name="heartbeat", title=Text(en="A code was queried", zh="授权码已查询"), needs=ALWAYS),
)
