"""Convert commands of the joint-operation kit 1.0 to members of a body and back (openapi-jointkit §A).

The bodies are those of the second generation except for the lists, which are JSON in a text. Departments have ``name``.
The table has three attributes of a user beside the others, but the example has them inside ``extension``: both are
written, either is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from tradepost.protocols.activity_body import validated_members
from tradepost.protocols.commands import Command
from tradepost.protocols.contract import Denied
from tradepost.protocols.stamped import INVALID_PARAMETER
from tradepost.protocols.sync_bodies import check, convert_enabled, convert_numbers, dump_members, load_members
from tradepost.protocols.sync_commands import SyncAllOrgs, SyncAuth
from tradepost.protocols.wire_json import NotJsonObject, load_array

from .fields import LIST_FIELDS, REQUESTS

_TITLE = "The joint-operation kit 1.0"
_DUPLICATED_MEMBERS = ("employeeType", "workPlace", "entryDate")

type _Object = Mapping[str, object]


def dump_command(command: Command, now: datetime) -> dict[str, object]:
    """Return the members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    members = dump_members(command, now)
    if isinstance(command, SyncAuth | SyncAllOrgs):
        validated_members(_TITLE, command, members, LIST_FIELDS)
    if isinstance(command, SyncAuth):
        members["userList"] = _dump_list([_dump_user(user) for user in cast("list[_Object]", members["userList"])])
    elif isinstance(command, SyncAllOrgs):
        departments = cast("list[_Object]", members.pop("orgInfoList"))
        members["orgInfo"] = _dump_list([_dump_department(department) for department in departments])
    return validated_members(_TITLE, command, members, REQUESTS)


def load_command(kind: type[Command], members: _Object) -> Command:
    """Return the command of a body that came to the path of ``kind``. Raises ``Denied`` with 000002."""
    converted_members = convert_numbers(members)
    check(REQUESTS[kind], converted_members)
    if kind is SyncAuth:
        converted_members["userList"] = [_load_user(user) for user in _load_list(converted_members, "userList")]
    elif kind is SyncAllOrgs:
        converted_members["orgInfoList"] = [
            _load_department(department) for department in _load_list(converted_members, "orgInfo")
        ]
    if kind in LIST_FIELDS:
        check(LIST_FIELDS[kind], converted_members)
    return load_members(kind, converted_members)


def _dump_list(items: list[dict[str, object]]) -> str:
    return json.dumps(items, ensure_ascii=False, separators=(",", ":"))


def _load_list(members: _Object, name: str) -> list[object]:
    try:
        return load_array(cast("str", members[name]).encode())
    except NotJsonObject as error:
        raise Denied(INVALID_PARAMETER, f"{name} is not a JSON array in a text: {error}") from None


def _dump_user(user: _Object) -> dict[str, object]:
    duplicated_members = {name: str(user[name]) for name in _DUPLICATED_MEMBERS if name in user}
    extension = {**cast("_Object", user.get("extension", {})), **duplicated_members}
    return {**user, **({"extension": extension} if extension else {})}


def _load_user(user: object) -> object:
    extension = user.get("extension") if isinstance(user, Mapping) else None
    if not isinstance(extension, Mapping):
        return convert_enabled(user)
    moved_members = {name: extension[name] for name in _DUPLICATED_MEMBERS if extension.get(name) not in (None, "")}
    other_attributes = {name: value for name, value in extension.items() if name not in _DUPLICATED_MEMBERS}
    members = {name: value for name, value in cast("_Object", user).items() if value not in (None, "")}
    return convert_enabled({**moved_members, **members, "extension": other_attributes})


def _dump_department(department: _Object) -> dict[str, object]:
    return {"orgCode": department["orgCode"], "name": department["orgName"], "parentCode": department["parentCode"]}


def _load_department(department: object) -> object:
    if not isinstance(department, Mapping) or "name" not in department:
        return department
    return {**department, "orgName": department["name"]}
