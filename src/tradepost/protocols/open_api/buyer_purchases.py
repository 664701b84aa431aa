"""Buyer APIs that buy something: create, pay, renew, unsubscribe, and the agreements to accept (business-rules §11.3).

For creating orders and for agreements, only the paths are published (openapi-jointkit §C.12). Paying, renewing and
unsubscribing have no published path. Bodies and those paths are specific to this market.

Each call that buys something carries an idempotency key: a repeat with the same body returns the first answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import BadBody, Members, check_members, integer, objects, post, success, text, validated, without_empty
from .buyer_errors import IDEMPOTENCY_KEY, ROOT, SUCCESS, load_or_refuse

CREATE_ORDER = f"{ROOT}/order/batch-order"
PAY_ORDER = f"{ROOT}/order/pay"
RENEW_SERVICE = f"{ROOT}/service/renew"
UNSUBSCRIBE_SERVICE = f"{ROOT}/service/unsubscribe"
SHOW_AGREEMENTS = f"{ROOT}/subscription-agreements-query"

REFUND_WAYS = ("cancel_renewal", "no_reason", "unused", "end")
"""Cancel a renewal that has not begun, return the service within its first days, refund the remaining time, or end it."""
ID_LENGTH = 18
"""Digits of a service's ID."""
_AMOUNT_LENGTH = 20
AMOUNT = r"^[0-9]{1,15}(\.[0-9]{1,4})?$"
"""Plain digits: parsing ``1E+999990`` as an amount would take most of a minute of CPU time."""

_AGREEMENT = (Field("agreement_id", 64), Field("version", 32))
_EXPECTED_AMOUNT = Field("expected_amount", _AMOUNT_LENGTH, mandatory=False, pattern=AMOUNT)
_ACCEPTED = Field("accepted_agreements", kind=Kind.LIST, members=_AGREEMENT)
_PARAM = (Field("name", 64), Field("value", 200))
CREATE_BODY = (
    IDEMPOTENCY_KEY,
    Field("product_id", 64),
    Field("quantity", 6, mandatory=False, kind=Kind.INTEGER),
    Field("period_num", 3, mandatory=False, kind=Kind.INTEGER),
    Field("extend_params", mandatory=False, kind=Kind.LIST, members=_PARAM),
    Field("auto_renew", mandatory=False, kind=Kind.BOOLEAN),
    _ACCEPTED,
    _EXPECTED_AMOUNT,
)
PAY_BODY = (IDEMPOTENCY_KEY, Field("order_id", 64), _EXPECTED_AMOUNT)
RENEW_BODY = (
    IDEMPOTENCY_KEY,
    Field("service_id", ID_LENGTH),
    Field("product_id", 64),
    Field("period_num", 3, kind=Kind.INTEGER),
    Field("align_day", 2, mandatory=False, kind=Kind.INTEGER),
    _ACCEPTED,
    _EXPECTED_AMOUNT,
)
UNSUBSCRIBE_BODY = (
    IDEMPOTENCY_KEY,
    Field("service_id", ID_LENGTH),
    Field("way", 32, values=REFUND_WAYS),
    Field("refund_amount", _AMOUNT_LENGTH, pattern=AMOUNT),
)
AGREEMENTS_BODY = (Field("product_id", 64, mandatory=False),)
_PLACED = (
    Field("order_id", 64),
    Field("order_type", kind=Kind.INTEGER),
    Field("status", kind=Kind.INTEGER),
    Field("order_amount", _AMOUNT_LENGTH),
    Field("currency", 3),
    Field("create_time", 19),
    Field("pay_before", 19, mandatory=False),
)
_REFUND = (Field("order_id", 64), Field("refund_amount", _AMOUNT_LENGTH), Field("currency", 3), Field("way", 32))
_SHOWN_AGREEMENT = (*_AGREEMENT, Field("name", 255), Field("url", 1024))
PLACED_ANSWER = (Field("result", kind=Kind.OBJECT, members=_PLACED),)
UNSUBSCRIBED_ANSWER = (Field("result", kind=Kind.OBJECT, members=_REFUND),)
AGREEMENTS_ANSWER = (
    Field("result", kind=Kind.OBJECT, members=(Field("agreements", kind=Kind.LIST, members=_SHOWN_AGREEMENT),)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A text that a buyer accepts with an order. ``name`` and ``url`` come from the market and are not sent back."""

    agreement_id: str
    version: str
    name: str = ""
    url: str = ""

    def dump(self) -> dict[str, object]:
        return {
            "agreement_id": self.agreement_id,
            "version": self.version,
            **without_empty(name=self.name, url=self.url),
        }

    @classmethod
    def load(cls, members: Members) -> Agreement:
        return cls(
            agreement_id=text(members, "agreement_id"),
            version=text(members, "version"),
            name=text(members, "name"),
            url=text(members, "url"),
        )

    def accepted(self) -> dict[str, object]:
        return {"agreement_id": self.agreement_id, "version": self.version}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrder:
    """``expected_amount``: the price that the program displayed. The market refuses the order at another price."""

    idempotency_key: str
    product_id: str
    quantity: int = 1
    periods: int = 1
    extend_params: tuple[tuple[str, str], ...] = ()
    auto_renew: bool = False
    accepted: tuple[Agreement, ...] = ()
    expected_amount: Decimal | None = None

    def dump(self) -> dict[str, object]:
        return {
            "idempotency_key": self.idempotency_key,
            "product_id": self.product_id,
            "quantity": self.quantity,
            "period_num": self.periods,
            "extend_params": [{"name": name, "value": value} for name, value in self.extend_params],
            "auto_renew": self.auto_renew,
            "accepted_agreements": [agreement.accepted() for agreement in self.accepted],
            **without_empty(expected_amount=_dump_amount(self.expected_amount)),
        }

    @classmethod
    def load(cls, members: Members) -> CreateOrder:
        check_members(CREATE_BODY, members)
        params = objects(members, "extend_params")
        return cls(
            idempotency_key=text(members, "idempotency_key"),
            product_id=text(members, "product_id"),
            quantity=_value_or_default(integer(members, "quantity"), 1),
            periods=_value_or_default(integer(members, "period_num"), 1),
            extend_params=tuple((text(param, "name"), text(param, "value")) for param in params),
            auto_renew=members.get("auto_renew") is True,
            accepted=_accepted(members),
            expected_amount=_amount(members, "expected_amount"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PayOrder:
    idempotency_key: str
    order_id: str
    expected_amount: Decimal | None = None

    def dump(self) -> dict[str, object]:
        amount = without_empty(expected_amount=_dump_amount(self.expected_amount))
        return {"idempotency_key": self.idempotency_key, "order_id": self.order_id, **amount}

    @classmethod
    def load(cls, members: Members) -> PayOrder:
        check_members(PAY_BODY, members)
        return cls(
            idempotency_key=text(members, "idempotency_key"),
            order_id=text(members, "order_id"),
            expected_amount=_amount(members, "expected_amount"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewService:
    """``product_id`` and ``periods``: from a renewal option of the service. ``align_day``: day of the month on which
    the renewed service ends; 0 for the end of the period."""

    idempotency_key: str
    service_id: str
    product_id: str
    periods: int
    align_day: int = 0
    accepted: tuple[Agreement, ...] = ()
    expected_amount: Decimal | None = None

    def dump(self) -> dict[str, object]:
        return {
            "idempotency_key": self.idempotency_key,
            "service_id": self.service_id,
            "product_id": self.product_id,
            "period_num": self.periods,
            "align_day": self.align_day,
            "accepted_agreements": [agreement.accepted() for agreement in self.accepted],
            **without_empty(expected_amount=_dump_amount(self.expected_amount)),
        }

    @classmethod
    def load(cls, members: Members) -> RenewService:
        check_members(RENEW_BODY, members)
        return cls(
            idempotency_key=text(members, "idempotency_key"),
            service_id=text(members, "service_id"),
            product_id=text(members, "product_id"),
            periods=_value_or_default(integer(members, "period_num"), 0),
            align_day=_value_or_default(integer(members, "align_day"), 0),
            accepted=_accepted(members),
            expected_amount=_amount(members, "expected_amount"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeService:
    """``way`` and ``refund_amount``: from the service's details; the market refuses another amount."""

    idempotency_key: str
    service_id: str
    way: str
    refund_amount: Decimal

    def dump(self) -> dict[str, object]:
        return {
            "idempotency_key": self.idempotency_key,
            "service_id": self.service_id,
            "way": self.way,
            "refund_amount": _dump_amount(self.refund_amount),
        }

    @classmethod
    def load(cls, members: Members) -> UnsubscribeService:
        check_members(UNSUBSCRIBE_BODY, members)
        return cls(
            idempotency_key=text(members, "idempotency_key"),
            service_id=text(members, "service_id"),
            way=text(members, "way"),
            refund_amount=_amount(members, "refund_amount") or Decimal(0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedOrder:
    """An order after it was created or paid. Amounts are decimal texts; ``status`` and ``order_type`` as in a list of orders."""

    order_id: str
    order_type: int
    status: int
    order_amount: str
    currency: str
    create_time: str
    pay_before: str = ""

    def dump(self) -> dict[str, object]:
        return without_empty(
            order_id=self.order_id,
            order_type=self.order_type,
            status=self.status,
            order_amount=self.order_amount,
            currency=self.currency,
            create_time=self.create_time,
            pay_before=self.pay_before,
        )

    @classmethod
    def load(cls, members: Members) -> PlacedOrder:
        return cls(
            order_id=text(members, "order_id"),
            order_type=_value_or_default(integer(members, "order_type"), 0),
            status=_value_or_default(integer(members, "status"), 0),
            order_amount=text(members, "order_amount"),
            currency=text(members, "currency"),
            create_time=text(members, "create_time"),
            pay_before=text(members, "pay_before"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """``order_id``: the order of the unsubscription."""

    order_id: str
    refund_amount: str
    currency: str
    way: str

    def dump(self) -> dict[str, object]:
        return {row.name: getattr(self, row.name) for row in _REFUND}

    @classmethod
    def load(cls, members: Members) -> Unsubscribed:
        return cls(**{row.name: text(members, row.name) for row in _REFUND})


# --- buyer side ----------------------------------------------------------------------------------------------------


def create_request(order: CreateOrder, *, market: str) -> Request:
    """Return the call, to be signed with AK/SK, like the functions below. Raises ``ValueError``."""
    return post(f"{market.rstrip('/')}{CREATE_ORDER}", validated(CREATE_BODY, order.dump()))


def pay_request(payment: PayOrder, *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{PAY_ORDER}", validated(PAY_BODY, payment.dump()))


def renew_request(renewal: RenewService, *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{RENEW_SERVICE}", validated(RENEW_BODY, renewal.dump()))


def unsubscribe_request(unsubscription: UnsubscribeService, *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{UNSUBSCRIBE_SERVICE}", validated(UNSUBSCRIBE_BODY, unsubscription.dump()))


def agreements_request(product_id: str, *, market: str) -> Request:
    return post(
        f"{market.rstrip('/')}{SHOW_AGREEMENTS}", validated(AGREEMENTS_BODY, without_empty(product_id=product_id))
    )


def load_placed(members: Members) -> PlacedOrder:
    """Return the order of a successful answer. Raises ``BadBody``, like the functions below."""
    check_members(PLACED_ANSWER, members)
    return PlacedOrder.load(cast("Members", members["result"]))


def load_unsubscribed(members: Members) -> Unsubscribed:
    check_members(UNSUBSCRIBED_ANSWER, members)
    return Unsubscribed.load(cast("Members", members["result"]))


def load_agreements(members: Members) -> tuple[Agreement, ...]:
    check_members(AGREEMENTS_ANSWER, members)
    return tuple(Agreement.load(item) for item in objects(cast("Members", members["result"]), "agreements"))


# --- market side ---------------------------------------------------------------------------------------------------


def load_create(body: bytes) -> CreateOrder:
    """Return the contents of a verified call, like the functions below. Raises ``ApiRefused`` with a row of the table."""
    return load_or_refuse(body, CreateOrder.load)


def load_pay(body: bytes) -> PayOrder:
    return load_or_refuse(body, PayOrder.load)


def load_renew(body: bytes) -> RenewService:
    return load_or_refuse(body, RenewService.load)


def load_unsubscribe(body: bytes) -> UnsubscribeService:
    return load_or_refuse(body, UnsubscribeService.load)


def load_agreements_query(body: bytes) -> str:
    """Return the product's ID; empty for the agreements that every order needs."""

    def load(members: Members) -> str:
        check_members(AGREEMENTS_BODY, members)
        return text(members, "product_id")

    return load_or_refuse(body, load)


def placed_response(order: PlacedOrder) -> Response:
    return success(SUCCESS, "success", {"result": order.dump()})


def unsubscribed_response(refund: Unsubscribed) -> Response:
    return success(SUCCESS, "success", {"result": refund.dump()})


def agreements_response(agreements_shown: Iterable[Agreement]) -> Response:
    return success(SUCCESS, "success", {"result": {"agreements": [agreement.dump() for agreement in agreements_shown]}})


def _accepted(members: Members) -> tuple[Agreement, ...]:
    return tuple(Agreement.load(item) for item in objects(members, "accepted_agreements"))


def _amount(members: Members, name: str) -> Decimal | None:
    """Return an amount that its table checked; None if it is absent. Raises ``BadBody`` for blanks."""
    value = text(members, name)
    if value.isspace():
        raise BadBody(f"{name} is blank")
    return Decimal(value) if value else None


def _dump_amount(amount: Decimal | None) -> str:
    """Format an amount. Raises ``ValueError`` for a huge exponent, which would take millions of digits before validation."""
    if amount is None:
        return ""
    if not amount.is_finite() or abs(amount.adjusted()) > _AMOUNT_LENGTH:
        raise ValueError("an amount has 1 to 15 digits and at most 4 decimals, such as 99.00")
    return f"{amount:f}"


def _value_or_default(value: int | None, default: int) -> int:
    return default if value is None else value
