"""Debug cases of the joint-operation kit 1.0, used with SaaS 1.0 and License 1.0 (openapi-jointkit §A.0)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tradepost.protocols.commands import Command
from tradepost.protocols.sync_cases import CASES, PUBLIC_KEY, encrypted
from tradepost.protocols.sync_commands import SyncApplication

from .fields import LIST_FIELDS, REQUESTS
from .requests import load_command

__all__ = ["BESIDE", "CASES", "TABLES", "read"]

BESIDE = ("saas_v1", "license_v1")
_LIST_MEMBERS = {"userList": "userList", "orgInfoList": "orgInfo"}
"""Names of lists whose wire form is JSON in a text."""
TABLES = {
    kind: (*(row for row in table if row.name not in _LIST_MEMBERS.values()), *LIST_FIELDS.get(kind, ()))
    for kind, table in REQUESTS.items()
}
TABLES[SyncApplication] = (*TABLES[SyncApplication], PUBLIC_KEY)
"""The form shows lists like those of the second generation."""


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    listed_members = {_LIST_MEMBERS.get(name, name): value for name, value in encrypted(members).items()}
    for name in _LIST_MEMBERS.values():
        if name in listed_members:
            listed_members[name] = json.dumps(listed_members[name], ensure_ascii=False)
    return load_command(kind, {**listed_members, "testFlag": 1, "timeStamp": "made anew"})
