"""Nine orders that exist in every market, so that sellers can develop before a sale (openapi-jointkit §C.4).

The data of the first is KooGallery's answer of 2024-11-21. For the others only names and order types are known; their
data is this market's, and as close to the first as their charging mode permits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.open_api.order_query import (
    BuyerInfo,
    ExtendParam,
    OrderInfo,
    OrderLine,
    OrderType,
    ProductInfo,
)


@dataclass(frozen=True, slots=True)
class _Mock:
    order_type: OrderType
    charging_mode: ChargingMode
    product_id: str
    mode_name: str
    period_type: str = ""
    period_number: int | None = None
    linear_value: int | None = 50


# One product ID per period type and charging mode, as in a real product.
_YEAR, _MONTH, _DAY = "OFFI846204237451911168", "OFFI846204237451911169", "OFFI846204237451911170"
_ONE_TIME, _ON_DEMAND, _PACKAGE = "OFFI846204237451911171", "OFFI846204237451911172", "OFFI846204237451911173"
_TRIAL_DAYS = 7


def _by_month(order_type: OrderType) -> _Mock:
    return _Mock(order_type, ChargingMode.PERIOD, _MONTH, "包周期", "month", 1)


_MOCKS: Mapping[str, _Mock] = {
    "MOCKPERIODYEARNEW": _Mock(OrderType.NEW, ChargingMode.PERIOD, _YEAR, "包周期", "year", 1),
    "MOCKONETIMENEW": _Mock(OrderType.NEW, ChargingMode.ONE_TIME, _ONE_TIME, "按次"),
    "MOCKONDEMAND": _Mock(OrderType.NEW, ChargingMode.ON_DEMAND, _ON_DEMAND, "按需", linear_value=None),
    "MOCKONDEMANDPKG": _Mock(OrderType.NEW, ChargingMode.ON_DEMAND_PKG, _PACKAGE, "按需套餐包", "year", 1),
    "MOCKPERIODDAYTRIAL": _Mock(OrderType.TRIAL, ChargingMode.PERIOD, _DAY, "包周期", "day", _TRIAL_DAYS),
    # "MONTY" is the platform's spelling.
    "MOCKMONTYTRIALTOFORMAL": _by_month(OrderType.TRIAL_TO_FORMAL),
    "MOCKMONTYUNSUBSCRIBE": _by_month(OrderType.UNSUBSCRIBE),
    "MOCKMONTYRENEW": _by_month(OrderType.RENEW),
    "MOCKMONTYCHANGE": _by_month(OrderType.CHANGE),
}

MOCK_ORDER_IDS = tuple(_MOCKS)


def mock_order(order_id: str, now: datetime) -> OrderInfo | None:
    """Return the mock order with this name as if placed now; None if there is none."""
    mock = _MOCKS.get(order_id)
    if mock is None:
        return None
    now = now.astimezone(UTC).replace(microsecond=0)
    info = ProductInfo(
        product_id=mock.product_id,
        sku_code="0a4d1578-5295-46a7-92d4-7c803dccc51d",
        linear_value=mock.linear_value,
        product_name=f"MOCK测试商品,测试规格,基础版,{mock.mode_name}",
    )
    line = OrderLine(
        order_line_id=f"{order_id}-000001",
        charging_mode=mock.charging_mode,
        period_type=mock.period_type,
        period_number=mock.period_number,
        expires_at=_expiry(now, mock),
        products=(info,),
        extend_params=(
            ExtendParam(name="emailDomainName", value="test.xxxx.com"),
            ExtendParam(name="ip", value="127.0.0.1"),
        ),
        currency="100",
        currency_after_discount="100",
    )
    return OrderInfo(order_id=order_id, order_type=mock.order_type, created_at=now, lines=(line,), buyer=_BUYER)


_BUYER = BuyerInfo(
    mobile_phone="18688888888",
    customer_id="459bbbec25d24749b2eb83be37b602a8",
    customer_name="mock_user_01",
    customer_real_name="测试用户1",
    customer_type=0,
)


def _expiry(now: datetime, mock: _Mock) -> datetime | None:
    """Return the last second of the day on which the period ends, as in the recorded answer."""
    number = mock.period_number
    if number is None:
        return None
    if mock.period_type == "day":
        end = now + timedelta(days=number)
    else:
        end = _months_later(now, number * (12 if mock.period_type == "year" else 1))
    return end.replace(hour=23, minute=59, second=59)


def _months_later(moment: datetime, months: int) -> datetime:
    """Return the same day of a later month, or the last day of a shorter month."""
    years, month = divmod(moment.month - 1 + months, 12)
    first_day = moment.replace(year=moment.year + years, month=month + 1, day=1)
    next_first = (first_day + timedelta(days=31)).replace(day=1)
    last_day = (next_first - timedelta(days=1)).day
    return first_day.replace(day=min(moment.day, last_day))
