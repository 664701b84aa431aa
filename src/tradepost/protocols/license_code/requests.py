"""Convert commands about authorization codes to members of a body and back (saas-v1-license §B2.2)."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.activity_body import (
    activity_name,
    command_kind,
    is_test,
    moment,
    text,
    validated_members,
    without_empty,
)
from tradepost.protocols.commands import Command, InstanceStatus, Refresh, Release, Scene, SetStatus
from tradepost.protocols.wire_time import dump_seconds

from .fields import ACTIVITIES, REQUESTS

_TITLE = "License 2.0"


def dump_command(command: Command) -> dict[str, object]:
    """Return the members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    members = {"activity": activity_name(_TITLE, command, ACTIVITIES), **_members(command)}
    if command.test:
        members["testFlag"] = "1"
    return validated_members(_TITLE, command, members, REQUESTS)


def load_command(members: Mapping[str, object]) -> Command:
    """Return the command of a request's members. Raises ``Denied`` with 000002."""
    kind = command_kind(members, ACTIVITIES, REQUESTS)
    if kind is Refresh:
        return Refresh(
            instance_id=text(members, "license"),
            scene=Scene(text(members, "scene")),
            order_id=text(members, "orderId"),
            order_line_id=text(members, "orderLineId"),
            product_id=text(members, "productId"),
            expires_at=moment(members, "expireTime"),
            test=is_test(members),
        )
    if kind is SetStatus:
        status = InstanceStatus(text(members, "status"))
        return SetStatus(instance_id=text(members, "license"), status=status, test=is_test(members))
    return Release(
        instance_id=text(members, "license"),
        order_id=text(members, "orderId"),
        order_line_id=text(members, "orderLineId"),
        test=is_test(members),
    )


def _members(command: Command) -> dict[str, object]:
    match command:
        case Refresh():
            return {
                "scene": command.scene.value,
                "orderId": command.order_id,
                "orderLineId": command.order_line_id,
                "license": command.instance_id,
                "expireTime": dump_seconds(command.expires_at),
                **without_empty(productId=command.product_id),
            }
        case SetStatus():
            return {"license": command.instance_id, "status": command.status.value}
        case Release():
            order = without_empty(orderId=command.order_id, orderLineId=command.order_line_id)
            return {"license": command.instance_id, **order}
        case _:
            raise AssertionError(command)
