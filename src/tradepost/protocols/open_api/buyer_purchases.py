"""Buyer APIs that buy something: create, pay, renew, unsubscribe, and the agreements to accept (business-rules §11.3).

Of creating orders and of the agreements only the paths are published (openapi-jointkit §C.12). Paying, renewing and
unsubscribing have no published path at all. Bodies, and those paths, are this market's own.

Each call that buys something carries an idempotency key: repeating it with the same body gives the first answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import BadBody, Members, check, given, integer, kept, objects, post, success, text
from .buyer_errors import IDEMPOTENCY_KEY, ROOT, SUCCESS, refusing

CREATE_ORDER = f"{ROOT}/order/batch-order"
PAY_ORDER = f"{ROOT}/order/pay"
RENEW_SERVICE = f"{ROOT}/service/renew"
UNSUBSCRIBE_SERVICE = f"{ROOT}/service/unsubscribe"
SHOW_AGREEMENTS = f"{ROOT}/subscription-agreements-query"

WAYS = ("cancel_renewal", "no_reason", "unused", "end")
"""Cancel a renewal that has not begun, return the service within its first days, refund the rest of its time, or end it."""
ID_LENGTH = 18
"""Digits of a service's id."""
_AMOUNT_LENGTH = 20
AMOUNT = r"^[0-9]{1,15}(\.[0-9]{1,4})?$"
"""Plain digits: reading ``1E+999990`` as an amount takes a processor for most of a minute."""

_AGREEMENT = (Field("agreement_id", 64), Field("version", 32))
_EXPECTED = Field("expected_amount", _AMOUNT_LENGTH, mandatory=False, pattern=AMOUNT)
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
    _EXPECTED,
)
PAY_BODY = (IDEMPOTENCY_KEY, Field("order_id", 64), _EXPECTED)
RENEW_BODY = (
    IDEMPOTENCY_KEY,
    Field("service_id", ID_LENGTH),
    Field("product_id", 64),
    Field("period_num", 3, kind=Kind.INTEGER),
    Field("align_day", 2, mandatory=False, kind=Kind.INTEGER),
    _ACCEPTED,
    _EXPECTED,
)
UNSUBSCRIBE_BODY = (
    IDEMPOTENCY_KEY,
    Field("service_id", ID_LENGTH),
    Field("way", 32, values=WAYS),
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
        return {"agreement_id": self.agreement_id, "version": self.version, **given(name=self.name, url=self.url)}

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
    """``expected_amount``: the price that the program was shown. The market refuses the order at another price."""

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
            **given(expected_amount=_dump_amount(self.expected_amount)),
        }

    @classmethod
    def load(cls, members: Members) -> CreateOrder:
        check(CREATE_BODY, members)
        params = objects(members, "extend_params")
        return cls(
            idempotency_key=text(members, "idempotency_key"),
            product_id=text(members, "product_id"),
            quantity=_or(integer(members, "quantity"), 1),
            periods=_or(integer(members, "period_num"), 1),
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
        amount = given(expected_amount=_dump_amount(self.expected_amount))
        return {"idempotency_key": self.idempotency_key, "order_id": self.order_id, **amount}

    @classmethod
    def load(cls, members: Members) -> PayOrder:
        check(PAY_BODY, members)
        return cls(
            idempotency_key=text(members, "idempotency_key"),
            order_id=text(members, "order_id"),
            expected_amount=_amount(members, "expected_amount"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewService:
    """``product_id`` and ``periods`` as a renewal option of the service names them. ``align_day``: the day of the month on which the
    service ends then; 0 for the end of the period."""

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
            **given(expected_amount=_dump_amount(self.expected_amount)),
        }

    @classmethod
    def load(cls, members: Members) -> RenewService:
        check(RENEW_BODY, members)
        return cls(
            idempotency_key=text(members, "idempotency_key"),
            service_id=text(members, "service_id"),
            product_id=text(members, "product_id"),
            periods=_or(integer(members, "period_num"), 0),
            align_day=_or(integer(members, "align_day"), 0),
            accepted=_accepted(members),
            expected_amount=_amount(members, "expected_amount"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeService:
    """``way`` and ``refund_amount`` as the service's details name them; the market refuses another amount."""

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
        check(UNSUBSCRIBE_BODY, members)
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
        return given(
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
            order_type=_or(integer(members, "order_type"), 0),
            status=_or(integer(members, "status"), 0),
            order_amount=text(members, "order_amount"),
            currency=text(members, "currency"),
            create_time=text(members, "create_time"),
            pay_before=text(members, "pay_before"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """``order_id``: the unsubscription's own order."""

    order_id: str
    refund_amount: str
    currency: str
    way: str

    def dump(self) -> dict[str, object]:
        return {
            "order_id": self.order_id,
            "refund_amount": self.refund_amount,
            "currency": self.currency,
            "way": self.way,
        }

    @classmethod
    def load(cls, members: Members) -> Unsubscribed:
        return cls(**{row.name: text(members, row.name) for row in _REFUND})


# --- buyer side ----------------------------------------------------------------------------------------------------


def create_request(asked: CreateOrder, *, market: str) -> Request:
    """The call, to be signed with AK/SK; so all of these. Raises ``ValueError``."""
    return post(f"{market.rstrip('/')}{CREATE_ORDER}", kept(CREATE_BODY, asked.dump()))


def pay_request(asked: PayOrder, *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{PAY_ORDER}", kept(PAY_BODY, asked.dump()))


def renew_request(asked: RenewService, *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{RENEW_SERVICE}", kept(RENEW_BODY, asked.dump()))


def unsubscribe_request(asked: UnsubscribeService, *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{UNSUBSCRIBE_SERVICE}", kept(UNSUBSCRIBE_BODY, asked.dump()))


def agreements_request(product_id: str, *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{SHOW_AGREEMENTS}", kept(AGREEMENTS_BODY, given(product_id=product_id)))


def load_placed(members: Members) -> PlacedOrder:
    """Raises ``BadBody``; so all of these."""
    check(PLACED_ANSWER, members)
    return PlacedOrder.load(cast("Members", members["result"]))


def load_unsubscribed(members: Members) -> Unsubscribed:
    check(UNSUBSCRIBED_ANSWER, members)
    return Unsubscribed.load(cast("Members", members["result"]))


def load_agreements(members: Members) -> tuple[Agreement, ...]:
    check(AGREEMENTS_ANSWER, members)
    return tuple(Agreement.load(item) for item in objects(cast("Members", members["result"]), "agreements"))


# --- market side ---------------------------------------------------------------------------------------------------


def load_create(body: bytes) -> CreateOrder:
    """What a verified call asks for; so all of these. Raises ``ApiRefused`` with a row of the table."""
    return refusing(body, CreateOrder.load)


def load_pay(body: bytes) -> PayOrder:
    return refusing(body, PayOrder.load)


def load_renew(body: bytes) -> RenewService:
    return refusing(body, RenewService.load)


def load_unsubscribe(body: bytes) -> UnsubscribeService:
    return refusing(body, UnsubscribeService.load)


def load_agreements_query(body: bytes) -> str:
    """The product, or nothing for the agreements that every order needs."""

    def load(members: Members) -> str:
        check(AGREEMENTS_BODY, members)
        return text(members, "product_id")

    return refusing(body, load)


def placed(order: PlacedOrder) -> Response:
    return success(SUCCESS, "success", {"result": order.dump()})


def unsubscribed(refund: Unsubscribed) -> Response:
    return success(SUCCESS, "success", {"result": refund.dump()})


def agreements(shown: Iterable[Agreement]) -> Response:
    return success(SUCCESS, "success", {"result": {"agreements": [agreement.dump() for agreement in shown]}})


def _accepted(members: Members) -> tuple[Agreement, ...]:
    return tuple(Agreement.load(item) for item in objects(members, "accepted_agreements"))


def _amount(members: Members, name: str) -> Decimal | None:
    """An amount that its table checked; None when it is absent. Raises ``BadBody`` for a blank one."""
    written = text(members, name)
    if written.isspace():
        raise BadBody(f"{name} is blank")
    return Decimal(written) if written else None


def _dump_amount(amount: Decimal | None) -> str:
    """Raises ``ValueError`` for an amount that its table would refuse only after millions of digits were written."""
    if amount is None:
        return ""
    if not amount.is_finite() or abs(amount.adjusted()) > _AMOUNT_LENGTH:
        raise ValueError("an amount has 1 to 15 digits and at most 4 decimals, such as 99.00")
    return f"{amount:f}"


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
