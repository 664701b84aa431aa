"""Convert order notifications to members of a body and back (saas-v1-license §D1)."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.activity_body import activity_name, command_kind, is_test, text, validated_members
from tradepost.protocols.commands import Command, NotifyOrder
from tradepost.protocols.http import Headers

from .fields import ACTIVITIES, REQUESTS

_TITLE = "The order notification"

HEADERS: Headers = (
    ("Accept", "application/json"),
    ("Content-Type", "application/json;charset=utf-8"),
)
"""With the hyphen, unlike SaaS 2.0, as each page prints it."""


def dump_command(command: Command) -> dict[str, object]:
    """Return the members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    return validated_members(
        _TITLE, command, {"activity": activity_name(_TITLE, command, ACTIVITIES), **_members(command)}, REQUESTS
    )


def _members(command: Command) -> dict[str, object]:
    match command:
        case NotifyOrder():
            flag = "1" if command.test else "0"
            return {"orderId": command.order_id, "orderLineId": command.order_line_id, "testFlag": flag}
        case _:
            raise AssertionError(command)


def load_command(members: Mapping[str, object]) -> Command:
    """Return the command of a request's members. Raises ``Denied`` with 000002."""
    command_kind(members, ACTIVITIES, REQUESTS)
    return NotifyOrder(
        order_id=text(members, "orderId"), order_line_id=text(members, "orderLineId"), test=is_test(members)
    )
