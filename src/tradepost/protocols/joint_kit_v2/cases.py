"""Debug cases of the joint-operation kit 2.0, used with production interfaces newer than SaaS 1.0 (openapi-jointkit
§A.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradepost.protocols.commands import Command
from tradepost.protocols.sync_cases import CASES, PUBLIC_KEY, encrypted
from tradepost.protocols.sync_commands import SyncApplication

from .fields import REQUESTS
from .requests import load_command

__all__ = ["BESIDE", "CASES", "TABLES", "read"]

BESIDE = ("saas_v2", "license_online", "license_code")
TABLES = {**REQUESTS, SyncApplication: (*REQUESTS[SyncApplication], PUBLIC_KEY)}


def read(kind: type[Command], members: Mapping[str, Any]) -> Command:
    return load_command(kind, {**encrypted(members), "testFlag": 1, "timeStamp": "made anew"})
