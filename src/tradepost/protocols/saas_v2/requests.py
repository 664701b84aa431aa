"""Convert commands of SaaS 2.0 to members of a JSON body and back (saas-v2 §3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from tradepost.protocols.commands import (
    CheckChange,
    Command,
    Create,
    InstanceStatus,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.signed_url import INVALID_PARAMETER
from tradepost.protocols.wire_fields import violations
from tradepost.protocols.wire_time import dump_seconds, load_digits

from .fields import ACTIVITIES, INSTANCE_ID_LENGTH, MAX_IDS, PRODUCT_NAME_LENGTH, REQUESTS

_COMMANDS = {activity: command for command, activity in ACTIVITIES.items()}


def dump_command(command: Command) -> dict[str, object]:
    """Return the members of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    kind = type(command)
    if kind not in ACTIVITIES:
        raise ValueError(f"SaaS 2.0 has no activity for {kind.__name__}")
    members = {"activity": ACTIVITIES[kind], **_members(command)}
    if command.test:
        # Real requests omit it: the newest text says that the field is not sent (saas-v2 §3.0).
        members["testFlag"] = "1"
    errors = "; ".join(map(str, violations(REQUESTS[kind], members)))
    if errors:
        raise ValueError(f"SaaS 2.0 cannot carry this {kind.__name__}: {errors}")
    return members


def load_command(members: Mapping[str, object]) -> Command:
    """Return the command of a request's members. Raises ``Denied`` with 000002."""
    activity = members.get("activity")
    kind = _COMMANDS.get(activity) if isinstance(activity, str) else None
    if kind is None:
        raise Denied(INVALID_PARAMETER, "activity is missing or unknown")
    for violation in violations(REQUESTS[kind], members):
        raise Denied(INVALID_PARAMETER, str(violation))
    # The table has validated the types.
    return _LOADERS[kind](cast("Mapping[str, str]", members))


def _members(command: Command) -> dict[str, object]:
    match command:
        case Create():
            return {**_order(command), "businessId": command.business_id}
        case Query():
            return {"instanceId": _join(command.instance_ids)}
        case Refresh():
            return {
                **_order(command),
                "scene": command.scene.value,
                "instanceId": command.instance_id,
                "expireTime": dump_seconds(command.expires_at),
                **_without_empty_texts(productId=command.product_id),
            }
        case SetStatus():
            return {"instanceId": command.instance_id, "status": command.status.value}
        case Release():
            order = _without_empty_texts(orderId=command.order_id, orderLineId=command.order_line_id)
            return {"instanceId": command.instance_id, **order}
        case Upgrade():
            return {"instanceId": command.instance_id, **_order(command)}
        case CheckChange():
            return {"instanceId": command.instance_id, "productInfo": _product(command)}
        case _:
            raise AssertionError(command)


def _order(command: Create | Refresh | Upgrade) -> dict[str, object]:
    return {"orderId": command.order_id, "orderLineId": command.order_line_id}


def _without_empty_texts(**members: str) -> dict[str, object]:
    return {name: value for name, value in members.items() if value}


def _product(command: CheckChange) -> dict[str, object]:
    linear = {} if command.linear_value is None else {"linearValue": command.linear_value}
    return {
        "productId": command.product_id,
        "skuCode": command.sku_code,
        # Product names are longer than the field (openapi-jointkit §C.4). It is only for display, so it may be
        # truncated.
        "productName": command.product_name[:PRODUCT_NAME_LENGTH],
        **linear,
    }


def _join(instance_ids: tuple[str, ...]) -> str:
    if not 1 <= len(instance_ids) <= MAX_IDS:
        raise ValueError(f"a query asks for 1 to {MAX_IDS} instances, not {len(instance_ids)}")
    for instance_id in instance_ids:
        if "," in instance_id or not instance_id.strip() or len(instance_id) > INSTANCE_ID_LENGTH:
            raise ValueError("an instance id in a query has 1 to 64 characters and no comma")
    return ",".join(instance_ids)


def _split(joined_text: str) -> tuple[str, ...]:
    instance_ids = tuple(joined_text.split(","))
    if len(instance_ids) > MAX_IDS:
        raise Denied(INVALID_PARAMETER, f"instanceId holds {len(instance_ids)} ids, at most {MAX_IDS} are allowed")
    if not all(len(instance_id.strip()) > 0 and len(instance_id) <= INSTANCE_ID_LENGTH for instance_id in instance_ids):
        raise Denied(INVALID_PARAMETER, "instanceId holds an id that is blank or longer than 64 characters")
    return instance_ids


def _test(members: Mapping[str, str]) -> bool:
    # Absent and "0" are equal: old texts send "0" with real requests, the newest omits it (saas-v2 §3.0).
    return members.get("testFlag") == "1"


def _create(members: Mapping[str, str]) -> Command:
    return Create(
        order_id=members["orderId"],
        order_line_id=members["orderLineId"],
        business_id=members["businessId"],
        test=_test(members),
    )


def _query(members: Mapping[str, str]) -> Command:
    return Query(instance_ids=_split(members["instanceId"]), test=_test(members))


def _refresh(members: Mapping[str, str]) -> Command:
    try:
        expires_at = load_digits(members["expireTime"])
    except ValueError:
        raise Denied(INVALID_PARAMETER, "expireTime is not a UTC time yyyyMMddHHmmss") from None
    return Refresh(
        instance_id=members["instanceId"],
        scene=Scene(members["scene"]),
        order_id=members["orderId"],
        order_line_id=members["orderLineId"],
        product_id=members.get("productId") or "",
        expires_at=expires_at,
        test=_test(members),
    )


def _set_status(members: Mapping[str, str]) -> Command:
    return SetStatus(instance_id=members["instanceId"], status=InstanceStatus(members["status"]), test=_test(members))


def _release(members: Mapping[str, str]) -> Command:
    return Release(
        instance_id=members["instanceId"],
        order_id=members.get("orderId") or "",
        order_line_id=members.get("orderLineId") or "",
        test=_test(members),
    )


def _upgrade(members: Mapping[str, str]) -> Command:
    return Upgrade(
        instance_id=members["instanceId"],
        order_id=members["orderId"],
        order_line_id=members["orderLineId"],
        test=_test(members),
    )


def _check_change(members: Mapping[str, str]) -> Command:
    product = cast("Mapping[str, str]", members["productInfo"])
    return CheckChange(
        instance_id=members["instanceId"],
        product_id=product["productId"],
        sku_code=product["skuCode"],
        product_name=product["productName"],
        linear_value=cast("int | None", product.get("linearValue")),
        test=_test(members),
    )


_LOADERS: Mapping[type[Command], Callable[[Mapping[str, str]], Command]] = {
    Create: _create,
    Query: _query,
    Refresh: _refresh,
    SetStatus: _set_status,
    Release: _release,
    Upgrade: _upgrade,
    CheckChange: _check_change,
}
