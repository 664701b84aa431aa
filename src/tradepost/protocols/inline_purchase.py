"""Buyer and purchase data inside requests of SaaS 1.0 and License 1.0 (saas-v1-license A2.1, B1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .commands import Buyer, ChargingMode, Purchase
from .contract import Denied
from .extend_params import NotExtendParams, dump_extend_params, load_extend_params
from .query_values import amount, dump_amount, integer, moment, text
from .signed_query import INVALID_PARAMETER
from .wire_time import dump_seconds

if TYPE_CHECKING:
    from datetime import datetime

    from .query_values import Members

NAME_LENGTH = 64

# The documents do not show the number of a package. Its debug cases are those of pay-per-use, and only a package has an
# expireTime, which distinguishes the two.
_MODES = {
    ChargingMode.PERIOD: 1,
    ChargingMode.ONE_TIME: 3,
    ChargingMode.ON_DEMAND: 0,
    ChargingMode.ON_DEMAND_PKG: 0,
}
_EXPIRING = {ChargingMode.PERIOD, ChargingMode.ON_DEMAND_PKG}


def dump_buyer(buyer: Buyer) -> dict[str, object]:
    """Return the members in plain text; the version's table selects those that it sends."""
    return {
        "customerId": buyer.customer_id,
        # Only for display, so it may be truncated. Names of organisations are longer than the field.
        "customerName": buyer.customer_name[:NAME_LENGTH],
        "userId": buyer.user_id,
        "userName": buyer.user_name,
        "mobilePhone": buyer.mobile_phone,
        "email": buyer.email,
    }


def load_buyer(members: Members) -> Buyer:
    return Buyer(
        customer_id=text(members, "customerId"),
        customer_name=text(members, "customerName"),
        user_id=text(members, "userId"),
        user_name=text(members, "userName"),
        mobile_phone=text(members, "mobilePhone"),
        email=text(members, "email"),
    )


def dump_purchase(purchase: Purchase, *, signed: bool = False) -> dict[str, object]:
    """Return the members of a purchase; the version's table selects those that it sends. ``signed``: orderAmount may be
    negative.

    Raises ``ValueError`` for a value that the wire cannot carry.
    """
    by_period = purchase.charging_mode is ChargingMode.PERIOD
    return {
        "productId": purchase.product_id,
        "skuCode": purchase.sku_code,
        "chargingMode": _MODES[purchase.charging_mode],
        "trialFlag": "1" if purchase.trial else "",
        "startTime": _dump_time(purchase.started_at),
        "expireTime": _dump_time(purchase.expires_at) if purchase.charging_mode in _EXPIRING else "",
        "periodType": purchase.period_type if by_period else "",
        "periodNumber": purchase.period_number if by_period else None,
        "orderAmount": dump_amount(purchase.amount, signed=signed),
        "amount": purchase.quantity,
        "diskSize": purchase.disk_size,
        "bandWidth": purchase.band_width,
        "saasExtendParams": dump_extend_params(purchase.extend_params),
    }


def load_purchase(members: Members, *, signed: bool = False) -> Purchase:
    """Return the purchase of validated members. Raises ``Denied`` with 000002."""
    expires_at = moment(members, "expireTime")
    try:
        extend_params = load_extend_params(text(members, "saasExtendParams"))
    except NotExtendParams as error:
        raise Denied(INVALID_PARAMETER, f"saasExtendParams {error}") from None
    return Purchase(
        product_id=text(members, "productId"),
        sku_code=text(members, "skuCode"),
        charging_mode=_mode(members, expires_at),
        period_type=text(members, "periodType"),
        period_number=integer(members, "periodNumber"),
        quantity=integer(members, "amount"),
        disk_size=integer(members, "diskSize"),
        band_width=integer(members, "bandWidth"),
        trial=text(members, "trialFlag") == "1",
        started_at=moment(members, "startTime"),
        expires_at=expires_at,
        amount=amount(members, "orderAmount", signed=signed),
        extend_params=extend_params,
    )


def _mode(members: Members, expires_at: datetime | None) -> ChargingMode:
    match integer(members, "chargingMode"):
        case None | 1:
            # Older markets sent only the 3; an absent mode meant a period.
            return ChargingMode.PERIOD
        case 3:
            return ChargingMode.ONE_TIME
        case 0 if expires_at is None:
            return ChargingMode.ON_DEMAND
        case _:
            # An undocumented number is most likely a package; its idempotency key is the safe choice.
            return ChargingMode.ON_DEMAND_PKG


def _dump_time(at: datetime | None) -> str:
    return "" if at is None else dump_seconds(at)
