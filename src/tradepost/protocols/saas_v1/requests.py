"""Convert commands of SaaS 1.0 to query parameters and back (saas-v1-license A2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from tradepost.protocols.commands import (
    Command,
    Create,
    Encryption,
    Expire,
    InstanceStatus,
    Purchase,
    Query,
    Refresh,
    Release,
    Scene,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.inline_purchase import dump_buyer, dump_purchase, load_buyer, load_purchase
from tradepost.protocols.query_values import amount, dump_amount, dump_parameters, load_parameters, moment, text
from tradepost.protocols.secret_fields import Undecipherable, decrypt, derived_iv, encrypt
from tradepost.protocols.signed_query import INVALID_PARAMETER
from tradepost.protocols.wire_time import dump_seconds

from .fields import ACTIVITIES, INSTANCE_ID_LENGTH, MAX_IDS, REQUESTS, SECRETS

if TYPE_CHECKING:
    from datetime import datetime

    from tradepost.protocols.query_values import Members

_COMMANDS = {activity: command for command, activity in ACTIVITIES.items()}
# UNFREEZE is NORMAL on the wire (saas-v1-license A2.7).
_WIRE_STATUSES = {InstanceStatus.FREEZE: "FREEZE", InstanceStatus.UNFREEZE: "NORMAL"}
_STATUSES = {word: status for status, word in _WIRE_STATUSES.items()}


def dump_command(command: Command, *, key: str, nonce: str) -> dict[str, str]:
    """Return the decoded parameters of the request. Raises ``ValueError`` for a command that the wire cannot carry."""
    kind = type(command)
    if kind not in ACTIVITIES:
        raise ValueError(f"SaaS 1.0 has no activity for {kind.__name__}")
    members = {"activity": ACTIVITIES[kind], "testFlag": "1" if command.test else "", **_members(command)}
    if isinstance(command, Create):
        _encrypt(members, command, key=key, nonce=nonce)
    try:
        return dump_parameters(REQUESTS[kind], members)
    except ValueError as error:
        raise ValueError(f"SaaS 1.0 cannot carry this {kind.__name__}: {error}") from None


def load_command(parameters: Mapping[str, str], *, key: str) -> Command:
    """Return the command of a request's parameters. Raises ``Denied`` with 000002."""
    kind = _COMMANDS.get(parameters.get("activity", ""))
    if kind is None:
        raise Denied(INVALID_PARAMETER, "activity is missing or unknown")
    members = load_parameters(REQUESTS[kind], parameters)
    if kind is Create:
        return _create(members, key)
    return _LOADERS[kind](members)


def _members(command: Command) -> dict[str, object]:
    match command:
        case Create(buyer=buyer, purchase=purchase):
            if buyer is None or purchase is None:
                raise ValueError("SaaS 1.0 sends the buyer and the purchase inside newInstance; one of them is missing")
            order = {"businessId": command.business_id, "orderId": command.order_id}
            return {**dump_buyer(buyer), **dump_purchase(purchase), **order}
        case Query():
            return {"instanceId": _join(command.instance_ids)}
        case Refresh():
            return _refresh_members(command)
        case Expire():
            return {"instanceId": command.instance_id, "orderId": command.order_id}
        case SetStatus():
            return {"instanceId": command.instance_id, "instanceStatus": _WIRE_STATUSES[command.status]}
        case Release():
            paid_amount = dump_amount(command.amount)
            return {"instanceId": command.instance_id, "orderId": command.order_id, "orderAmount": paid_amount}
        case Upgrade(purchase=purchase):
            if purchase is None:
                raise ValueError("SaaS 1.0 sends the purchase inside upgrade; it is missing")
            return {**dump_purchase(purchase), "instanceId": command.instance_id, "orderId": command.order_id}
        case _:
            raise AssertionError(command)


def _refresh_members(command: Refresh) -> dict[str, object]:
    """On the wire, a negative orderAmount marks a cancelled renewal. There is no renewal with change (A2.3, A8)."""
    if command.scene is Scene.RENEWAL_CHANGE:
        raise ValueError("SaaS 1.0 has no renewal with change")
    purchase_members = {} if command.purchase is None else dump_purchase(command.purchase, signed=True)
    paid_amount = None if command.purchase is None else command.purchase.amount
    if paid_amount is not None:
        is_cancelled = command.scene is Scene.UNSUBSCRIBE_RENEWAL_PERIOD
        purchase_members["orderAmount"] = (
            dump_amount(-abs(paid_amount), signed=True) if is_cancelled else dump_amount(paid_amount)
        )
    return {
        **purchase_members,
        "orderId": command.order_id,
        "instanceId": command.instance_id,
        "productId": command.product_id,
        "expireTime": dump_seconds(command.expires_at),
        "trialToFormal": "1" if command.scene is Scene.TRIAL_TO_FORMAL else "",
    }


def _encrypt(members: dict[str, object], command: Create, *, key: str, nonce: str) -> None:
    for name in SECRETS:
        plain_value = text(members, name)
        if plain_value:
            iv = derived_iv(nonce, name)
            members[name] = encrypt(plain_value, key=key, iv=iv, encryption=command.encryption)


def _decrypt(members: Members, key: str) -> tuple[dict[str, object], Encryption]:
    """Return the members in plain text and the strength that encrypted them, which a request does not contain
    (saas-v1-license A1.4).

    A wrong strength causes wrong padding or invalid UTF-8. About one in a million short texts goes undetected, and only
    for products with a non-default strength.
    """
    secrets = {name: text(members, name) for name in SECRETS if text(members, name)}
    reason = ""
    for encryption in Encryption:
        plain_members: dict[str, object] = {}
        for name, field in secrets.items():
            try:
                plain_members[name] = decrypt(field, key=key, encryption=encryption)
            except Undecipherable as error:
                reason = f"{name} cannot be decrypted: {error}"
                break
        else:
            return {**members, **plain_members}, encryption
    raise Denied(INVALID_PARAMETER, reason)


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


def _test(members: Members) -> bool:
    # Absent and "0" are equal: real requests omit it in one revision and have "0" in another (saas-v1-license G).
    return text(members, "testFlag") == "1"


def _create(members: Members, key: str) -> Command:
    clear, encryption = _decrypt(members, key)
    return Create(
        order_id=text(clear, "orderId"),
        order_line_id="",
        business_id=text(clear, "businessId"),
        buyer=load_buyer(clear),
        purchase=load_purchase(clear),
        encryption=encryption,
        test=_test(clear),
    )


def _query(members: Members) -> Command:
    return Query(instance_ids=_split(text(members, "instanceId")), test=_test(members))


def _refresh(members: Members) -> Command:
    purchase = load_purchase(members, signed=True)
    return Refresh(
        instance_id=text(members, "instanceId"),
        scene=_scene(members, purchase),
        order_id=text(members, "orderId"),
        order_line_id="",
        product_id=text(members, "productId"),
        # The table checked that it is present, and load_purchase that it is valid.
        expires_at=cast("datetime", moment(members, "expireTime")),
        purchase=purchase,
        test=_test(members),
    )


def _scene(members: Members, purchase: Purchase) -> Scene:
    if text(members, "trialToFormal") == "1":
        return Scene.TRIAL_TO_FORMAL
    is_cancelled = purchase.amount is not None and purchase.amount < 0
    return Scene.UNSUBSCRIBE_RENEWAL_PERIOD if is_cancelled else Scene.RENEWAL


def _expire(members: Members) -> Command:
    return Expire(instance_id=text(members, "instanceId"), order_id=text(members, "orderId"), test=_test(members))


def _set_status(members: Members) -> Command:
    status = _STATUSES[text(members, "instanceStatus")]
    return SetStatus(instance_id=text(members, "instanceId"), status=status, test=_test(members))


def _release(members: Members) -> Command:
    return Release(
        instance_id=text(members, "instanceId"),
        order_id=text(members, "orderId"),
        amount=amount(members, "orderAmount"),
        test=_test(members),
    )


def _upgrade(members: Members) -> Command:
    return Upgrade(
        instance_id=text(members, "instanceId"),
        order_id=text(members, "orderId"),
        order_line_id="",
        purchase=load_purchase(members),
        test=_test(members),
    )


_LOADERS: Mapping[type[Command], Callable[[Members], Command]] = {
    Query: _query,
    Refresh: _refresh,
    Expire: _expire,
    SetStatus: _set_status,
    Release: _release,
    Upgrade: _upgrade,
}
