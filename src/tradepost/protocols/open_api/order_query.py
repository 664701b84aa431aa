"""Values of the order query and their wire format (openapi-jointkit §C.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tradepost.protocols.wire_time import dump_seconds, load_digits

PATH = "/api/mkp-openapi-public/global/v1/order/query"
SUCCESS = "MKT.0000"


class OrderType(StrEnum):
    NEW = "NEW"
    TRIAL = "TRIAL"
    TRIAL_TO_FORMAL = "TRIAL_TO_FORMAL"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    RENEW = "RENEW"
    CHANGE = "CHANGE"


class InvalidOrder(ValueError):
    """A field of an order answer is missing or has a wrong type; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendParam:
    name: str
    value: str

    def dump(self) -> dict[str, object]:
        return {"name": self.name, "value": self.value}

    @classmethod
    def load(cls, members: Mapping[str, object]) -> ExtendParam:
        return cls(name=_text(members, "name"), value=_text(members, "value", optional=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductInfo:
    product_id: str
    sku_code: str
    product_name: str
    linear_value: int | None = None

    def dump(self) -> dict[str, object]:
        return {
            "productId": self.product_id,
            "skuCode": self.sku_code,
            **_without_empty(linearValue=self.linear_value),
            "productName": self.product_name,
        }

    @classmethod
    def load(cls, members: Mapping[str, object]) -> ProductInfo:
        return cls(
            product_id=_text(members, "productId"),
            sku_code=_text(members, "skuCode"),
            product_name=_text(members, "productName"),
            linear_value=_integer(members, "linearValue"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """``charging_mode`` and ``period_type`` are texts, since a newer market may add values.

    ``expires_at`` is an estimate, absent for ONE_TIME and ON_DEMAND. ``currency`` is the list price, after its name on
    the wire; ``currency_after_discount`` is the price paid; both are decimal texts.
    """

    order_line_id: str
    charging_mode: str
    products: tuple[ProductInfo, ...]
    period_type: str = ""
    period_number: int | None = None
    expires_at: datetime | None = None
    extend_params: tuple[ExtendParam, ...] = ()
    currency: str = ""
    currency_after_discount: str = ""

    def dump(self) -> dict[str, object]:
        return {
            "orderLineId": self.order_line_id,
            "chargingMode": str(self.charging_mode),
            **_without_empty(
                periodType=self.period_type or None,
                periodNumber=self.period_number,
                expireTime=None if self.expires_at is None else dump_seconds(self.expires_at),
            ),
            "productInfo": [info.dump() for info in self.products],
            "extendParams": [param.dump() for param in self.extend_params],
            **_without_empty(
                currency=self.currency or None, currencyAfterDiscount=self.currency_after_discount or None
            ),
        }

    @classmethod
    def load(cls, members: Mapping[str, object]) -> OrderLine:
        expire_time = _text(members, "expireTime", optional=True)
        return cls(
            order_line_id=_text(members, "orderLineId"),
            charging_mode=_text(members, "chargingMode"),
            products=tuple(ProductInfo.load(item) for item in _objects(members, "productInfo")),
            period_type=_text(members, "periodType", optional=True),
            period_number=_integer(members, "periodNumber"),
            expires_at=_moment("expireTime", expire_time) if expire_time else None,
            extend_params=tuple(ExtendParam.load(item) for item in _objects(members, "extendParams", optional=True)),
            currency=_text(members, "currency", optional=True),
            currency_after_discount=_text(members, "currencyAfterDiscount", optional=True),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerInfo:
    """Empty texts are null on the wire: data that the product does not request. ``customer_type``: 0 person, 1
    enterprise, -1 not certified."""

    customer_id: str
    customer_name: str
    customer_real_name: str = ""
    customer_type: int | None = None
    user_id: str = ""
    user_name: str = ""
    mobile_phone: str = ""
    email: str = ""

    def dump(self) -> dict[str, object]:
        return {
            "mobilePhone": self.mobile_phone or None,
            "email": self.email or None,
            "customerId": self.customer_id,
            "customerName": self.customer_name,
            "customerRealName": self.customer_real_name or None,
            "customerType": self.customer_type,
            "userId": self.user_id or None,
            "userName": self.user_name or None,
        }

    @classmethod
    def load(cls, members: Mapping[str, object]) -> BuyerInfo:
        return cls(
            customer_id=_text(members, "customerId"),
            customer_name=_text(members, "customerName", optional=True),
            customer_real_name=_text(members, "customerRealName", optional=True),
            customer_type=_integer(members, "customerType"),
            user_id=_text(members, "userId", optional=True),
            user_name=_text(members, "userName", optional=True),
            mobile_phone=_text(members, "mobilePhone", optional=True),
            email=_text(members, "email", optional=True),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInfo:
    """An order. ``created_at`` is the time of ordering, not of taking effect."""

    order_id: str
    order_type: str
    created_at: datetime
    lines: tuple[OrderLine, ...]
    buyer: BuyerInfo | None = None
    extend_params: tuple[ExtendParam, ...] = ()

    def dump(self) -> dict[str, object]:
        return {
            "orderId": self.order_id,
            "orderType": str(self.order_type),
            "createTime": dump_seconds(self.created_at),
            "orderLine": [line.dump() for line in self.lines],
            **_without_empty(buyerInfo=None if self.buyer is None else self.buyer.dump()),
            "extendParams": [param.dump() for param in self.extend_params],
        }

    @classmethod
    def load(cls, members: Mapping[str, object]) -> OrderInfo:
        """Parse the member ``orderInfo``; unknown members are ignored. Raises ``InvalidOrder``."""
        buyer = members.get("buyerInfo")
        return cls(
            order_id=_text(members, "orderId"),
            order_type=_text(members, "orderType"),
            created_at=_moment("createTime", _text(members, "createTime")),
            lines=tuple(OrderLine.load(item) for item in _objects(members, "orderLine")),
            buyer=None if buyer is None else BuyerInfo.load(_object("buyerInfo", buyer)),
            extend_params=tuple(ExtendParam.load(item) for item in _objects(members, "extendParams", optional=True)),
        )


def dump_answer(order: OrderInfo) -> dict[str, object]:
    """Return the members of the successful answer."""
    return {"resultCode": SUCCESS, "resultMsg": "Success", "orderInfo": order.dump()}


def load_answer(members: Mapping[str, object]) -> OrderInfo:
    """Return the order of a successful answer. Raises ``InvalidOrder``."""
    return OrderInfo.load(_object("orderInfo", members.get("orderInfo")))


def _without_empty(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _text(members: Mapping[str, object], name: str, *, optional: bool = False) -> str:
    value = members.get(name)
    if isinstance(value, str) and (value or optional):
        return value
    if optional and value is None:
        return ""
    raise InvalidOrder(f"{name} is missing or not a text")


def _integer(members: Mapping[str, object], name: str) -> int | None:
    value = members.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise InvalidOrder(f"{name} is not an integer")


def _object(name: str, value: object) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return value
    raise InvalidOrder(f"{name} is missing or not an object")


def _objects(members: Mapping[str, object], name: str, *, optional: bool = False) -> Iterable[Mapping[str, object]]:
    value = members.get(name)
    if value is None and optional:
        return []
    if not isinstance(value, list):
        raise InvalidOrder(f"{name} is missing or not an array")
    return [_object(name, item) for item in value]


def _moment(name: str, text: str) -> datetime:
    try:
        return load_digits(text)
    except ValueError:
        raise InvalidOrder(f"{name} is not a time yyyyMMddHHmmss") from None
