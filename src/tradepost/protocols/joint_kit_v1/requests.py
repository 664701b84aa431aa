"""Requests of the joint-operation kit 1.0, both ends: commands to the members of a body, and back (openapi-jointkit §A).

The bodies of the second generation, but for the lists: JSON in a text, departments with ``name``, and three attributes
of a user that the table has beside the others while the example has them inside of ``extension``: sent in both places,
read from either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from tradepost.protocols.activity_body import kept
from tradepost.protocols.commands import Command
from tradepost.protocols.contract import Denied
from tradepost.protocols.stamped import INVALID_PARAMETER
from tradepost.protocols.sync_bodies import check, dump_members, load_members, tidy, tidy_user
from tradepost.protocols.sync_commands import SyncAllOrgs, SyncAuth
from tradepost.protocols.wire_json import NotJsonObject, load_array

from .fields import INSIDE, REQUESTS

_TITLE = "The joint-operation kit 1.0"
_IN_BOTH_PLACES = ("employeeType", "workPlace", "entryDate")

type _Object = Mapping[str, object]


def dump_command(command: Command, now: datetime) -> dict[str, object]:
    """Members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    members = dump_members(command, now)
    if isinstance(command, SyncAuth | SyncAllOrgs):
        kept(_TITLE, command, members, INSIDE)
    if isinstance(command, SyncAuth):
        members["userList"] = _dump_list([_dump_user(user) for user in cast("list[_Object]", members["userList"])])
    elif isinstance(command, SyncAllOrgs):
        departments = cast("list[_Object]", members.pop("orgInfoList"))
        members["orgInfo"] = _dump_list([_dump_department(department) for department in departments])
    return kept(_TITLE, command, members, REQUESTS)


def load_command(kind: type[Command], members: _Object) -> Command:
    """The command that a body at the path of ``kind`` asks for. Raises ``Denied`` with 000002."""
    read = tidy(members)
    check(REQUESTS[kind], read)
    if kind is SyncAuth:
        read["userList"] = [_load_user(user) for user in _load_list(read, "userList")]
    elif kind is SyncAllOrgs:
        read["orgInfoList"] = [_load_department(department) for department in _load_list(read, "orgInfo")]
    if kind in INSIDE:
        check(INSIDE[kind], read)
    return load_members(kind, read)


def _dump_list(items: list[dict[str, object]]) -> str:
    return json.dumps(items, ensure_ascii=False, separators=(",", ":"))


def _load_list(members: _Object, name: str) -> list[object]:
    try:
        return load_array(cast("str", members[name]).encode())
    except NotJsonObject as error:
        raise Denied(INVALID_PARAMETER, f"{name} is not a JSON array in a text: {error}") from None


def _dump_user(user: _Object) -> dict[str, object]:
    inside = {name: str(user[name]) for name in _IN_BOTH_PLACES if name in user}
    extension = {**cast("_Object", user.get("extension", {})), **inside}
    return {**user, **({"extension": extension} if extension else {})}


def _load_user(user: object) -> object:
    extension = user.get("extension") if isinstance(user, Mapping) else None
    if not isinstance(extension, Mapping):
        return tidy_user(user)
    moved = {name: extension[name] for name in _IN_BOTH_PLACES if extension.get(name) not in (None, "")}
    rest = {name: value for name, value in extension.items() if name not in _IN_BOTH_PLACES}
    beside = {name: value for name, value in cast("_Object", user).items() if value not in (None, "")}
    return tidy_user({**moved, **beside, "extension": rest})


def _dump_department(department: _Object) -> dict[str, object]:
    return {"orgCode": department["orgCode"], "name": department["orgName"], "parentCode": department["parentCode"]}


def _load_department(department: object) -> object:
    if not isinstance(department, Mapping) or "name" not in department:
        return department
    return {**department, "orgName": department["name"]}
