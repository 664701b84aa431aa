"""Requests of the joint-operation kit 2.0, both ends: commands to the members of a body, and back (openapi-jointkit §A)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from tradepost.protocols.activity_body import kept
from tradepost.protocols.commands import Command
from tradepost.protocols.contract import Denied
from tradepost.protocols.stamped import INVALID_PARAMETER
from tradepost.protocols.sync_bodies import check, dump_members, load_members, tidy, tidy_user
from tradepost.protocols.wire_json import NotJsonObject, load_array

from .fields import REQUESTS

# A text in quotes, or a name without them before a colon.
_BARE_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|([A-Za-z_]\w*)(?=\s*:)', re.ASCII)


def dump_command(command: Command, now: datetime) -> dict[str, object]:
    """Members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    return kept("The joint-operation kit 2.0", command, dump_members(command, now), REQUESTS)


def load_command(kind: type[Command], members: Mapping[str, object]) -> Command:
    """The command that a body at the path of ``kind`` asks for. Raises ``Denied`` with 000002."""
    read = tidy(members)
    users, departments = read.get("userList"), read.get("orgInfoList")
    if isinstance(users, list):
        read["userList"] = [tidy_user(user) for user in users]
    if isinstance(departments, str) and departments.strip():
        read["orgInfoList"] = _departments(departments)
    check(REQUESTS[kind], read)
    return load_members(kind, read)


def _departments(written: str) -> list[object]:
    """The published example shows the list as a text, names without quotes: read although it is not what the table says."""
    try:
        return load_array(written.encode("utf-8", "surrogatepass"))
    except NotJsonObject:
        quoted = _BARE_NAME.sub(lambda match: f'"{match[1]}"' if match[1] else match[0], written)
    try:
        return load_array(quoted.encode("utf-8", "surrogatepass"))
    except NotJsonObject as error:
        raise Denied(INVALID_PARAMETER, f"orgInfoList is not a JSON array: {error}") from None
