"""The debug case of the order notification; no product requires it (saas-v1-license D1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradepost.protocols.cases import Case
from tradepost.protocols.commands import Command, NotifyOrder
from tradepost.protocols.text import Text

from .fields import ACTIVITIES, REQUESTS
from .requests import load_command

TABLES = REQUESTS


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    del kind  # there is only one
    return load_command({**members, "testFlag": "1"})


CASES = (
    Case(
        kind=NotifyOrder, activity=ACTIVITIES[NotifyOrder],
        title=Text(en="An order was placed", zh="订单通知"),
    ),
)  # fmt: skip
