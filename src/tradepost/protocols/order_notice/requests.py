"""The order notification, both ends: a command to the members of a body, and back (saas-v1-license §D1)."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.activity_body import asked, is_test, kept, named, text
from tradepost.protocols.commands import Command, NotifyOrder
from tradepost.protocols.http import Headers

from .fields import ACTIVITIES, REQUESTS

_TITLE = "The order notification"

HEADERS: Headers = (
    ("Accept", "application/json"),
    ("Content-Type", "application/json;charset=utf-8"),
)
"""With the hyphen, unlike SaaS 2.0: each as its page prints it."""


def dump_command(command: Command) -> dict[str, object]:
    """Members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    return kept(_TITLE, command, {"activity": named(_TITLE, command, ACTIVITIES), **_members(command)}, REQUESTS)


def _members(command: Command) -> dict[str, object]:
    match command:
        case NotifyOrder():
            flag = "1" if command.test else "0"
            return {"orderId": command.order_id, "orderLineId": command.order_line_id, "testFlag": flag}
        case _:
            raise AssertionError(command)


def load_command(members: Mapping[str, object]) -> Command:
    """The command that a request's members ask for. Raises ``Denied`` with 000002."""
    asked(members, ACTIVITIES, REQUESTS)
    return NotifyOrder(
        order_id=text(members, "orderId"), order_line_id=text(members, "orderLineId"), test=is_test(members)
    )
