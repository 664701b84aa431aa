"""Convert commands of License 1.0 to query parameters and back (saas-v1-license B1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from tradepost.protocols.commands import Command, Create, Expire, Refresh, Release, Scene
from tradepost.protocols.contract import Denied
from tradepost.protocols.inline_purchase import dump_buyer, dump_purchase, load_buyer, load_purchase
from tradepost.protocols.query_values import dump_parameters, load_parameters, moment, text
from tradepost.protocols.signed_query import INVALID_PARAMETER
from tradepost.protocols.wire_time import dump_seconds

from .fields import ACTIVITIES, REQUESTS

if TYPE_CHECKING:
    from datetime import datetime

    from tradepost.protocols.query_values import Members

_COMMANDS = {activity: command for command, activity in ACTIVITIES.items()}


def dump_command(command: Command) -> dict[str, str]:
    """Return the decoded parameters of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    kind = type(command)
    if kind not in ACTIVITIES:
        raise ValueError(f"License 1.0 has no activity for {kind.__name__}")
    members = {"activity": ACTIVITIES[kind], "testFlag": "1" if command.test else "", **_members(command)}
    try:
        return dump_parameters(REQUESTS[kind], members)
    except ValueError as error:
        raise ValueError(f"License 1.0 cannot carry this {kind.__name__}: {error}") from None


def load_command(parameters: Mapping[str, str]) -> Command:
    """Return the command of a request's parameters. Raises ``Denied`` with 000002."""
    kind = _COMMANDS.get(parameters.get("activity", ""))
    if kind is None:
        raise Denied(INVALID_PARAMETER, "activity is missing or unknown")
    return _LOADERS[kind](load_parameters(REQUESTS[kind], parameters))


def _members(command: Command) -> dict[str, object]:
    match command:
        case Create(buyer=buyer, purchase=purchase):
            if buyer is None or purchase is None:
                raise ValueError(
                    "License 1.0 sends the buyer and the purchase inside getLicense; one of them is missing"
                )
            order = {"businessId": command.business_id, "orderId": command.order_id}
            return {**dump_buyer(buyer), **dump_purchase(purchase), **order}
        case Refresh():
            return _refresh_members(command)
        case Expire() | Release():
            return {"instanceId": command.instance_id, "orderId": command.order_id}
        case _:
            raise AssertionError(command)


def _refresh_members(command: Refresh) -> dict[str, object]:
    """Return the members with the new expiry. The wire format does not carry the reason."""
    if command.scene is Scene.RENEWAL_CHANGE:
        raise ValueError("License 1.0 has no renewal with change")
    purchase_members = {} if command.purchase is None else dump_purchase(command.purchase, signed=True)
    return {
        **purchase_members,
        "orderId": command.order_id,
        "instanceId": command.instance_id,
        "productId": command.product_id,
        "expireTime": dump_seconds(command.expires_at),
    }


def _test(members: Members) -> bool:
    return text(members, "testFlag") == "1"


def _create(members: Members) -> Command:
    return Create(
        order_id=text(members, "orderId"),
        order_line_id="",
        business_id=text(members, "businessId"),
        buyer=load_buyer(members),
        purchase=load_purchase(members),
        test=_test(members),
    )


def _refresh(members: Members) -> Command:
    return Refresh(
        instance_id=text(members, "instanceId"),
        scene=Scene.RENEWAL,
        order_id=text(members, "orderId"),
        order_line_id="",
        product_id=text(members, "productId"),
        # The table has checked that it is present.
        expires_at=cast("datetime", moment(members, "expireTime")),
        purchase=load_purchase(members),
        test=_test(members),
    )


def _expire(members: Members) -> Command:
    return Expire(instance_id=text(members, "instanceId"), order_id=text(members, "orderId"), test=_test(members))


def _release(members: Members) -> Command:
    return Release(instance_id=text(members, "instanceId"), order_id=text(members, "orderId"), test=_test(members))


_LOADERS: Mapping[type[Command], Callable[[Members], Command]] = {
    Create: _create,
    Refresh: _refresh,
    Expire: _expire,
    Release: _release,
}
