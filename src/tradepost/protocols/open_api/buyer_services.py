"""Buyer APIs about services in use: list, and details with what each act would cost or pay back (business-rules §11.3).

Paths and bodies are this market's own: the published names know only the access data of one instance (openapi-jointkit §C.12).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import BadBody, Members, check, given, integer, kept, objects, post, success, text
from .buyer_errors import ROOT, SUCCESS, refusing
from .buyer_purchases import ID_LENGTH

LIST_SERVICES = f"{ROOT}/service/query"
SHOW_SERVICE = f"{ROOT}/service-detail/query"
MAX_LISTED = 100
STATUSES = ("opening", "active", "frozen", "releasing", "released", "failed")

LIST_BODY = (
    Field("status", 16, mandatory=False, values=STATUSES),
    Field("offset", 9, mandatory=False, kind=Kind.INTEGER),
    Field("limit", 3, mandatory=False, kind=Kind.INTEGER),
)
SHOW_BODY = (Field("service_id", ID_LENGTH),)

SERVICE = (
    Field("service_id", ID_LENGTH),
    Field("status", 16),
    Field("order_id", 64),
    Field("order_line_id", 64),
    Field("product_id", 64),
    Field("product_name", 64),
    Field("product_name_en", 64, mandatory=False),
    Field("seller_name", 128),
    Field("charging_mode", 25),
    Field("quantity", kind=Kind.INTEGER),
    Field("instance_id", 64, mandatory=False),
    Field("start_time", 19, mandatory=False),
    Field("expire_time", 19, mandatory=False),
    Field("auto_renew", kind=Kind.BOOLEAN),
)
RENEWAL = (
    Field("product_id", 64),
    Field("period_type", 8),
    Field("period_num", kind=Kind.INTEGER),
    Field("align_day", kind=Kind.INTEGER),
    Field("amount", 20),
    Field("currency", 3),
    Field("expire_time", 19),
)
UNSUBSCRIPTION = (
    Field("way", 32),
    Field("refund_amount", 20),
    Field("currency", 3),
    Field("last_charge", 20, mandatory=False),
    Field("last_charge_time", 19, mandatory=False),
)
LIST_ANSWER = (
    Field(
        "result",
        kind=Kind.OBJECT,
        members=(Field("total", kind=Kind.INTEGER), Field("services", kind=Kind.LIST, members=SERVICE)),
    ),
)
SHOW_ANSWER = (
    Field(
        "result",
        kind=Kind.OBJECT,
        members=(
            Field("service", kind=Kind.OBJECT, members=SERVICE),
            Field("renewal_options", kind=Kind.LIST, members=RENEWAL),
            Field("unsubscribe_options", kind=Kind.LIST, members=UNSUBSCRIPTION),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListServices:
    status: str = ""
    offset: int = 0
    limit: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service. Times are UTC like ``2026-11-30 08:00:00``; ``instance_id`` is the seller's, empty while it opens."""

    service_id: str
    status: str
    order_id: str
    order_line_id: str
    product_id: str
    product_name: str
    product_name_en: str = ""
    seller_name: str
    charging_mode: str
    quantity: int
    instance_id: str = ""
    start_time: str = ""
    expire_time: str = ""
    auto_renew: bool = False

    def dump(self) -> dict[str, object]:
        return given(**{row.name: getattr(self, row.name) for row in SERVICE})

    @classmethod
    def load(cls, members: Members) -> Service:
        texts = {row.name: text(members, row.name) for row in SERVICE if row.kind is Kind.STRING}
        return cls(
            **texts, quantity=integer(members, "quantity") or 0, auto_renew=members.get("auto_renew") is True
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalOption:
    """One way to renew, its price, and the end of the service afterwards."""

    product_id: str
    period_type: str
    periods: int
    align_day: int
    amount: str
    currency: str
    expire_time: str

    def dump(self) -> dict[str, object]:
        return {
            "product_id": self.product_id,
            "period_type": self.period_type,
            "period_num": self.periods,
            "align_day": self.align_day,
            "amount": self.amount,
            "currency": self.currency,
            "expire_time": self.expire_time,
        }

    @classmethod
    def load(cls, members: Members) -> RenewalOption:
        return cls(
            product_id=text(members, "product_id"),
            period_type=text(members, "period_type"),
            periods=integer(members, "period_num") or 0,
            align_day=integer(members, "align_day") or 0,
            amount=text(members, "amount"),
            currency=text(members, "currency"),
            expire_time=text(members, "expire_time"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeOption:
    """One way to unsubscribe that needs no consent of the seller, and what it pays back.

    ``last_charge`` and ``last_charge_time``: of a pay-per-use service, the estimate for usage that is reported and not charged yet, and
    when it is charged (UTC). Below zero it is a credit. Empty without such usage.
    """

    way: str
    refund_amount: str
    currency: str
    last_charge: str = ""
    last_charge_time: str = ""

    def dump(self) -> dict[str, object]:
        return given(**{row.name: getattr(self, row.name) for row in UNSUBSCRIPTION})

    @classmethod
    def load(cls, members: Members) -> UnsubscribeOption:
        return cls(**{row.name: text(members, row.name) for row in UNSUBSCRIPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDetails:
    service: Service
    renewals: tuple[RenewalOption, ...] = ()
    unsubscriptions: tuple[UnsubscribeOption, ...] = ()


# --- buyer side ----------------------------------------------------------------------------------------------------


def list_request(asked: ListServices, *, market: str) -> Request:
    """The call, to be signed with AK/SK. Raises ``ValueError``."""
    _check_page(asked.offset, asked.limit)
    members = {"offset": asked.offset, "limit": asked.limit, **given(status=asked.status)}
    return post(f"{market.rstrip('/')}{LIST_SERVICES}", kept(LIST_BODY, members))


def show_request(service_id: str, *, market: str) -> Request:
    """The call, to be signed with AK/SK. Raises ``ValueError``."""
    return post(f"{market.rstrip('/')}{SHOW_SERVICE}", kept(SHOW_BODY, {"service_id": service_id}))


def load_listed(members: Members) -> tuple[int, tuple[Service, ...]]:
    """How many there are, and a page of them. Raises ``BadBody``."""
    check(LIST_ANSWER, members)
    result = cast("Members", members["result"])
    return integer(result, "total") or 0, tuple(Service.load(item) for item in objects(result, "services"))


def load_shown(members: Members) -> ServiceDetails:
    """Raises ``BadBody``."""
    check(SHOW_ANSWER, members)
    result = cast("Members", members["result"])
    return ServiceDetails(
        service=Service.load(cast("Members", result["service"])),
        renewals=tuple(RenewalOption.load(item) for item in objects(result, "renewal_options")),
        unsubscriptions=tuple(UnsubscribeOption.load(item) for item in objects(result, "unsubscribe_options")),
    )


# --- market side ---------------------------------------------------------------------------------------------------


def load_list(body: bytes) -> ListServices:
    """What a verified call asks for. Raises ``ApiRefused`` with a row of the table."""
    return refusing(body, _load_list)


def load_show(body: bytes) -> str:
    """The service's id. Raises ``ApiRefused`` with a row of the table."""
    return refusing(body, _load_show)


def listed(total: int, services: Iterable[Service]) -> Response:
    return success(
        SUCCESS, "success", {"result": {"total": total, "services": [service.dump() for service in services]}}
    )


def shown(details: ServiceDetails) -> Response:
    result = {
        "service": details.service.dump(),
        "renewal_options": [option.dump() for option in details.renewals],
        "unsubscribe_options": [option.dump() for option in details.unsubscriptions],
    }
    return success(SUCCESS, "success", {"result": result})


def _load_list(members: Members) -> ListServices:
    check(LIST_BODY, members)
    offset, limit = integer(members, "offset") or 0, integer(members, "limit")
    try:
        _check_page(offset, 10 if limit is None else limit)
    except ValueError as error:
        raise BadBody(str(error)) from None
    return ListServices(status=text(members, "status"), offset=offset, limit=10 if limit is None else limit)


def _load_show(members: Members) -> str:
    check(SHOW_BODY, members)
    return text(members, "service_id")


def _check_page(offset: int, limit: int) -> None:
    if offset < 0 or not 1 <= limit <= MAX_LISTED:
        raise ValueError(f"offset is 0 or more, and limit 1 to {MAX_LISTED}")
