"""Bodies of the joint-operation calls for both ends, in the form of the second generation (openapi-jointkit §A.5 to
§A.9).

The first generation only differs in its lists, which its folder converts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

from .activity_body import text, without_empty
from .commands import Command
from .contract import Denied
from .stamped import INVALID_PARAMETER
from .sync_commands import (
    Department,
    SyncAllOrgs,
    SyncApplication,
    SyncAuth,
    SyncedUser,
    SyncFlag,
    SyncOrg,
    SyncTenant,
)
from .sync_fields import MAX_USERS
from .wire_fields import Field, violations
from .wire_time import dump_milliseconds, load_digits

type Members = Mapping[str, object]

_BEIJING = timedelta(hours=8)
_DIGITS = re.compile(r"[0-9]{1,11}")


def dump_beijing(moment: datetime) -> str:
    """Return 17 digits of Beijing time, which only these bodies use."""
    return dump_milliseconds(moment.astimezone(UTC) + _BEIJING)


def load_beijing(digits: str) -> datetime:
    """Parse 17 digits of Beijing time. Raises ``ValueError`` for any other text."""
    try:
        return load_digits(digits) - _BEIJING
    except OverflowError:
        raise ValueError("a time before the first year") from None


def check(table: tuple[Field, ...], members: Members) -> None:
    """Raise ``Denied`` with 000002 for the first field of a received body that violates the table."""
    for violation in violations(table, members):
        raise Denied(INVALID_PARAMETER, str(violation))


def convert_numbers(members: Members) -> dict[str, object]:
    """Convert numbers that arrived as texts, since the documents print both forms."""
    return {
        name: int(value)
        if name in {"flag", "testFlag", "employeeType"} and isinstance(value, str) and _DIGITS.fullmatch(value)
        else value
        for name, value in members.items()
    }


# --- market side ---------------------------------------------------------------------------------------------------


def dump_members(command: Command, now: datetime) -> dict[str, object]:
    """Return the members of the body. ``now`` becomes timeStamp."""
    match command:
        case SyncTenant():
            members: dict[str, object] = {
                "orderId": command.order_id,
                "tenantCode": command.tenant_code,
                "name": command.name,
                "domainName": command.domain_name,
                "flag": command.flag.value,
            }
        case SyncApplication():
            members = {
                "appId": command.app_id,
                "clientId": command.client_id,
                "clientSecret": command.encrypted_secret,
                "flag": command.flag.value,
            }
        case SyncAuth():
            if len(command.users) > MAX_USERS:
                raise ValueError(f"authSync carries up to {MAX_USERS} users, not {len(command.users)}")
            members = {
                "appId": command.app_id,
                "userList": [_dump_user(user) for user in command.users],
                "currentSyncTime": dump_beijing(command.synced_at),
                "flag": command.flag.value,
            }
        case SyncOrg():
            members = {**_dump_department(command.department), "flag": command.flag.value}
        case SyncAllOrgs():
            members = {"orgInfoList": [_dump_department(department) for department in command.departments]}
        case _:
            raise ValueError(f"joint operation has no call for {type(command).__name__}")
    head = {"instanceId": command.instance_id, "tenantId": command.tenant_id}
    return {**head, **members, "testFlag": int(command.test), "timeStamp": dump_beijing(now)}


_EMPTY_VALUES: Mapping[str, object] = {
    **dict.fromkeys(("position", "employeeCode", "mobile", "email", "workPlace", "entryDate"), ""),
    "extension": {},
}
"""Empty value of each field (§A.7, its example). ``employeeType`` is a number without an empty value, so it is
omitted."""


def _dump_user(user: SyncedUser) -> dict[str, object]:
    return {
        "userName": user.user_name,
        "name": user.name,
        "orgCode": user.org_code,
        "role": "admin" if user.admin else "user",
        "enable": "true" if user.enabled else "false",
        **{name: _EMPTY_VALUES[name] for name in user.emptied if name in _EMPTY_VALUES},
        **({} if user.employee_type is None else {"employeeType": user.employee_type}),
        **without_empty(
            position=user.position,
            employeeCode=user.employee_code,
            mobile=user.mobile,
            email=user.email,
            workPlace=user.work_place,
            entryDate=user.entry_date,
        ),
        **({"extension": dict(user.extension)} if user.extension else {}),
    }


def _dump_department(department: Department) -> dict[str, object]:
    # At the top, the parent is sent empty, as the examples print it.
    return {"orgCode": department.code, "orgName": department.name, "parentCode": department.parent_code}


# --- seller side ---------------------------------------------------------------------------------------------------


def load_members(kind: type[Command], members: Members) -> Command:
    """Return the command of a validated body. Raises ``Denied`` with 000002."""
    return _LOADERS[kind](members)


def convert_enabled(user: object) -> object:
    """Convert a user whose ``enable`` is a boolean to the documented form. A value that is not an object is returned
    for validation."""
    if not isinstance(user, Mapping):
        return user
    enable = user.get("enable")
    enabled_text = str(enable).lower() if isinstance(enable, bool) else enable
    return convert_numbers({**user, "enable": enabled_text})


def _tenant(members: Members) -> Command:
    return SyncTenant(
        instance_id=text(members, "instanceId"),
        order_id=text(members, "orderId"),
        tenant_id=text(members, "tenantId"),
        tenant_code=text(members, "tenantCode"),
        name=text(members, "name"),
        domain_name=text(members, "domainName"),
        flag=_flag(members),
        test=_is_test(members),
    )


def _application(members: Members) -> Command:
    return SyncApplication(
        instance_id=text(members, "instanceId"),
        tenant_id=text(members, "tenantId"),
        app_id=text(members, "appId"),
        client_id=text(members, "clientId"),
        encrypted_secret=text(members, "clientSecret"),
        flag=_flag(members),
        test=_is_test(members),
    )


def _auth(members: Members) -> Command:
    users = cast("Iterable[Members]", members["userList"])
    try:
        synced_at = load_beijing(text(members, "currentSyncTime"))
    except ValueError:
        raise Denied(INVALID_PARAMETER, "currentSyncTime is not a time yyyyMMddHHmmssSSS") from None
    loaded_users = tuple(_load_user(user) for user in users)
    if len(loaded_users) > MAX_USERS:
        raise Denied(INVALID_PARAMETER, f"userList holds {len(loaded_users)} users, at most {MAX_USERS} are allowed")
    return SyncAuth(
        instance_id=text(members, "instanceId"),
        tenant_id=text(members, "tenantId"),
        app_id=text(members, "appId"),
        users=loaded_users,
        synced_at=synced_at,
        flag=_flag(members),
        test=_is_test(members),
    )


def _org(members: Members) -> Command:
    return SyncOrg(
        instance_id=text(members, "instanceId"),
        tenant_id=text(members, "tenantId"),
        department=_load_department(members),
        flag=_flag(members),
        test=_is_test(members),
    )


def _all_orgs(members: Members) -> Command:
    return SyncAllOrgs(
        instance_id=text(members, "instanceId"),
        tenant_id=text(members, "tenantId"),
        departments=tuple(map(_load_department, cast("Iterable[Members]", members["orgInfoList"]))),
        test=_is_test(members),
    )


def _load_user(user: Members) -> SyncedUser:
    extension = cast("Members", user.get("extension") or {})
    return SyncedUser(
        user_name=text(user, "userName"),
        name=text(user, "name"),
        org_code=text(user, "orgCode"),
        admin=user["role"] == "admin",
        enabled=user["enable"] == "true",
        position=text(user, "position"),
        employee_code=text(user, "employeeCode"),
        employee_type=cast("int | None", user.get("employeeType")),
        mobile=text(user, "mobile"),
        email=text(user, "email"),
        work_place=text(user, "workPlace"),
        entry_date=text(user, "entryDate"),
        extension=tuple((name, _as_text(extension[name])) for name in sorted(extension) if extension[name] is not None),
    )


def _load_department(members: Members) -> Department:
    parent = text(members, "parentCode")
    return Department(code=text(members, "orgCode"), name=text(members, "orgName"), parent_code=parent)


def _flag(members: Members) -> SyncFlag:
    return SyncFlag(cast("int", members["flag"]))


def _is_test(members: Members) -> bool:
    return members.get("testFlag") == 1


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


_LOADERS: Mapping[type[Command], Callable[[Members], Command]] = {
    SyncTenant: _tenant,
    SyncApplication: _application,
    SyncAuth: _auth,
    SyncOrg: _org,
    SyncAllOrgs: _all_orgs,
}
