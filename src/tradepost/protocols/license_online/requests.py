"""Convert commands of the online License to members of a body and back (saas-v1-license §B3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tradepost.protocols.activity_body import (
    activity_name,
    command_kind,
    is_test,
    moment,
    text,
    validated_members,
    without_empty,
)
from tradepost.protocols.commands import (
    Command,
    Create,
    GetLicenseAsync,
    InstanceStatus,
    Refresh,
    Release,
    Scene,
    SetStatus,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.stamped import INVALID_PARAMETER
from tradepost.protocols.wire_time import dump_seconds, load_digits

from .fields import ACTIVITIES, REQUESTS

_TITLE = "The online License"
_SPACED_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?: ?[zZ])?", re.ASCII)


def dump_command(command: Command) -> dict[str, object]:
    """Return the members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    members = {"activity": activity_name(_TITLE, command, ACTIVITIES), **_members(command)}
    if command.test:
        members["testFlag"] = "1"
    return validated_members(_TITLE, command, members, REQUESTS)


def load_command(members: Mapping[str, object]) -> Command:
    """Return the command of a request's members. Raises ``Denied`` with 000002."""
    return _LOADERS[command_kind(members, ACTIVITIES, REQUESTS)](members)


def dump_spaced_time(at: datetime) -> str:
    """Return a time like ``2023-10-27 10:30:15 z``, the format of getLicenseAsync only."""
    digits = dump_seconds(at)
    year, month, day = digits[:4], digits[4:6], digits[6:8]
    return f"{year}-{month}-{day} {digits[8:10]}:{digits[10:12]}:{digits[12:]} z"


def load_spaced_time(value: str) -> datetime:
    """Parse a UTC time in that format, with or without ``z``, or in the 14 or 17 digits of the other activities.

    Raises ``ValueError`` for any other text.
    """
    match = _SPACED_TIME.fullmatch(value)
    if match is None:
        return load_digits(value)
    return datetime.strptime(f"{match[1]} {match[2]}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def _members(command: Command) -> dict[str, object]:
    match command:
        case Create():
            return {**_order(command), "businessId": command.business_id}
        case Refresh():
            return {
                **_order(command),
                "scene": command.scene.value,
                "instanceId": command.instance_id,
                "expireTime": dump_seconds(command.expires_at),
                **without_empty(productId=command.product_id),
            }
        case SetStatus():
            return {"instanceId": command.instance_id, "status": command.status.value}
        case Release():
            order = without_empty(orderId=command.order_id, orderLineId=command.order_line_id)
            return {"instanceId": command.instance_id, **order}
        case GetLicenseAsync():
            return {
                "instanceId": command.instance_id,
                "effectiveTime": dump_spaced_time(command.effective_at),
                "eventId": command.event_id,
                **without_empty(
                    expireTime=dump_spaced_time(command.expires_at) if command.expires_at else "",
                    deviceFingerprint=command.device_fingerprint,
                ),
            }
        case _:
            raise AssertionError(command)


def _order(command: Create | Refresh) -> dict[str, object]:
    return {"orderId": command.order_id, "orderLineId": command.order_line_id}


def _create(members: Mapping[str, object]) -> Command:
    return Create(
        order_id=text(members, "orderId"),
        order_line_id=text(members, "orderLineId"),
        business_id=text(members, "businessId"),
        test=is_test(members),
    )


def _refresh(members: Mapping[str, object]) -> Command:
    return Refresh(
        instance_id=text(members, "instanceId"),
        scene=Scene(text(members, "scene")),
        order_id=text(members, "orderId"),
        order_line_id=text(members, "orderLineId"),
        product_id=text(members, "productId"),
        expires_at=moment(members, "expireTime"),
        test=is_test(members),
    )


def _set_status(members: Mapping[str, object]) -> Command:
    status = InstanceStatus(text(members, "status"))
    return SetStatus(instance_id=text(members, "instanceId"), status=status, test=is_test(members))


def _release(members: Mapping[str, object]) -> Command:
    return Release(
        instance_id=text(members, "instanceId"),
        order_id=text(members, "orderId"),
        order_line_id=text(members, "orderLineId"),
        test=is_test(members),
    )


def _get_license(members: Mapping[str, object]) -> Command:
    return GetLicenseAsync(
        instance_id=text(members, "instanceId"),
        event_id=text(members, "eventId"),
        effective_at=_load_time(members, "effectiveTime"),
        expires_at=_load_time(members, "expireTime") if text(members, "expireTime").strip() else None,
        device_fingerprint=text(members, "deviceFingerprint"),
        test=is_test(members),
    )


def _load_time(members: Mapping[str, object], name: str) -> datetime:
    try:
        return load_spaced_time(text(members, name))
    except ValueError:
        raise Denied(INVALID_PARAMETER, f"{name} is not a UTC time yyyy-MM-dd HH:mm:ss z") from None


_LOADERS: Mapping[type[Command], Callable[[Mapping[str, object]], Command]] = {
    Create: _create,
    Refresh: _refresh,
    SetStatus: _set_status,
    Release: _release,
    GetLicenseAsync: _get_license,
}
