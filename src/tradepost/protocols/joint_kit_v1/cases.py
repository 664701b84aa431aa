"""Debug cases of the joint-operation kit 1.0, beside SaaS 1.0 and License 1.0 (openapi-jointkit §A.0)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tradepost.protocols.commands import Command
from tradepost.protocols.sync_cases import CASES, PUBLIC_KEY, encrypted
from tradepost.protocols.sync_commands import SyncApplication

from .fields import INSIDE, REQUESTS
from .requests import load_command

__all__ = ["BESIDE", "CASES", "TABLES", "read"]

BESIDE = ("saas_v1", "license_v1")
_LISTS = {"userList": "userList", "orgInfoList": "orgInfo"}
"""What a list is called where it is JSON in a text."""
TABLES = {
    kind: (*(one for one in table if one.name not in _LISTS.values()), *INSIDE.get(kind, ()))
    for kind, table in REQUESTS.items()
}
TABLES[SyncApplication] = (*TABLES[SyncApplication], PUBLIC_KEY)
"""Lists are typed like those of the second generation."""


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    inside = {_LISTS.get(name, name): value for name, value in encrypted(members).items()}
    for name in _LISTS.values():
        if name in inside:
            inside[name] = json.dumps(inside[name], ensure_ascii=False)
    return load_command(kind, {**inside, "testFlag": 1, "timeStamp": "made anew"})
