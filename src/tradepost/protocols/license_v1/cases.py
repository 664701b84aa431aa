"""Debug cases of License 1.0, one for each activity (saas-v1-license B1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tradepost.protocols.cases import ALWAYS, BY_PERIOD, Case
from tradepost.protocols.commands import Command, Create, Expire, Refresh, Release
from tradepost.protocols.text import Text

from .fields import ACTIVITIES, REQUESTS
from .requests import load_command

TABLES = REQUESTS


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    parameters = {name: str(value) for name, value in members.items()}
    extend = parameters.get("saasExtendParams", "")
    if extend.startswith("["):
        parameters["saasExtendParams"] = base64.b64encode(extend.encode()).decode()
    if kind is Create:
        parameters["businessId"] = "made anew for each call"
    return load_command({**parameters, "testFlag": "1"})


CASES = (
    Case(
        kind=Create, activity=ACTIVITIES[Create], needs=ALWAYS,
        title=Text(en="Get a license", zh="获取License"),
    ),
    Case(
        kind=Refresh, activity=ACTIVITIES[Refresh], needs=BY_PERIOD,
        title=Text(en="Renew a license", zh="更新License"), starts_with={"orderId": "MOCKMONTYRENEW"},
    ),
    Case(
        # Its page is not available and the activity may not exist, so no product requires it (saas-v1-license B1).
        kind=Expire, activity=ACTIVITIES[Expire],
        title=Text(en="A license expires", zh="License到期"),
    ),
    Case(
        kind=Release, activity=ACTIVITIES[Release], needs=ALWAYS,
        title=Text(en="Release a license", zh="释放License"),
    ),
)  # fmt: skip
