"""Convert commands of the joint-operation kit 2.0 to members of a body and back (openapi-jointkit §A)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from tradepost.protocols.activity_body import validated_members
from tradepost.protocols.commands import Command
from tradepost.protocols.contract import Denied
from tradepost.protocols.stamped import INVALID_PARAMETER
from tradepost.protocols.sync_bodies import check, convert_enabled, convert_numbers, dump_members, load_members
from tradepost.protocols.wire_json import NotJsonObject, load_array

from .fields import REQUESTS

# A quoted text, or an unquoted name before a colon.
_BARE_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|([A-Za-z_]\w*)(?=\s*:)', re.ASCII)


def dump_command(command: Command, now: datetime) -> dict[str, object]:
    """Return the members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    return validated_members("The joint-operation kit 2.0", command, dump_members(command, now), REQUESTS)


def load_command(kind: type[Command], members: Mapping[str, object]) -> Command:
    """Return the command of a body that came to the path of ``kind``. Raises ``Denied`` with 000002."""
    converted_members = convert_numbers(members)
    users, departments = converted_members.get("userList"), converted_members.get("orgInfoList")
    if isinstance(users, list):
        converted_members["userList"] = [convert_enabled(user) for user in users]
    if isinstance(departments, str) and departments.strip():
        converted_members["orgInfoList"] = _departments(departments)
    check(REQUESTS[kind], converted_members)
    return load_members(kind, converted_members)


def _departments(text: str) -> list[object]:
    """Read the list as text with unquoted names, as in the published example, although the table says otherwise."""
    try:
        return load_array(text.encode("utf-8", "surrogatepass"))
    except NotJsonObject:
        quoted_text = _BARE_NAME.sub(lambda match: f'"{match[1]}"' if match[1] else match[0], text)
    try:
        return load_array(quoted_text.encode("utf-8", "surrogatepass"))
    except NotJsonObject as error:
        raise Denied(INVALID_PARAMETER, f"orgInfoList is not a JSON array: {error}") from None
