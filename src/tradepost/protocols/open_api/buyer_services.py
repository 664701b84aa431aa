"""Buyer APIs for services: list, and details with the price or refund of each option (business-rules §11.3).

Paths and bodies are specific to this market: the published names only cover access data of one instance
(openapi-jointkit §C.12).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import BadBody, Members, check_members, integer, objects, post, success, text, validated, without_empty
from .buyer_errors import ROOT, SUCCESS, load_or_refuse
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
    """A service. Times are UTC like ``2026-11-30 08:00:00``; ``instance_id`` is the seller's, empty while the service
    opens."""

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
        return without_empty(**{row.name: getattr(self, row.name) for row in SERVICE})

    @classmethod
    def load(cls, members: Members) -> Service:
        texts = {row.name: text(members, row.name) for row in SERVICE if row.kind is Kind.STRING}
        return cls(
            **texts, quantity=integer(members, "quantity") or 0, auto_renew=members.get("auto_renew") is True
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalOption:
    """A renewal option: its price and the new end of the service."""

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
    """A way to unsubscribe without the seller's consent, and its refund.

    ``last_charge`` and ``last_charge_time``: for a pay-per-use service, the estimated charge for reported usage that is
    not charged yet, and its time (UTC). A negative charge is a credit. Empty without such usage.
    """

    way: str
    refund_amount: str
    currency: str
    last_charge: str = ""
    last_charge_time: str = ""

    def dump(self) -> dict[str, object]:
        return without_empty(**{row.name: getattr(self, row.name) for row in UNSUBSCRIPTION})

    @classmethod
    def load(cls, members: Members) -> UnsubscribeOption:
        return cls(**{row.name: text(members, row.name) for row in UNSUBSCRIPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDetails:
    service: Service
    renewals: tuple[RenewalOption, ...] = ()
    unsubscriptions: tuple[UnsubscribeOption, ...] = ()


# --- buyer side ----------------------------------------------------------------------------------------------------


def list_request(query: ListServices, *, market: str) -> Request:
    """Return the call, to be signed with AK/SK. Raises ``ValueError``."""
    _check_page(query.offset, query.limit)
    members = {"offset": query.offset, "limit": query.limit, **without_empty(status=query.status)}
    return post(f"{market.rstrip('/')}{LIST_SERVICES}", validated(LIST_BODY, members))


def show_request(service_id: str, *, market: str) -> Request:
    """Return the call, to be signed with AK/SK. Raises ``ValueError``."""
    return post(f"{market.rstrip('/')}{SHOW_SERVICE}", validated(SHOW_BODY, {"service_id": service_id}))


def load_listed(members: Members) -> tuple[int, tuple[Service, ...]]:
    """Return the total number of services and one page of them. Raises ``BadBody``."""
    check_members(LIST_ANSWER, members)
    result = cast("Members", members["result"])
    return integer(result, "total") or 0, tuple(Service.load(item) for item in objects(result, "services"))


def load_details(members: Members) -> ServiceDetails:
    """Return the details of a successful answer. Raises ``BadBody``."""
    check_members(SHOW_ANSWER, members)
    result = cast("Members", members["result"])
    return ServiceDetails(
        service=Service.load(cast("Members", result["service"])),
        renewals=tuple(RenewalOption.load(item) for item in objects(result, "renewal_options")),
        unsubscriptions=tuple(UnsubscribeOption.load(item) for item in objects(result, "unsubscribe_options")),
    )


# --- market side ---------------------------------------------------------------------------------------------------


def load_list(body: bytes) -> ListServices:
    """Return the query of a verified call. Raises ``ApiRefused`` with a row of the table."""
    return load_or_refuse(body, _load_list)


def load_show(body: bytes) -> str:
    """Return the service's ID. Raises ``ApiRefused`` with a row of the table."""
    return load_or_refuse(body, _load_show)


def list_response(total: int, services: Iterable[Service]) -> Response:
    return success(
        SUCCESS, "success", {"result": {"total": total, "services": [service.dump() for service in services]}}
    )


def service_response(details: ServiceDetails) -> Response:
    result = {
        "service": details.service.dump(),
        "renewal_options": [option.dump() for option in details.renewals],
        "unsubscribe_options": [option.dump() for option in details.unsubscriptions],
    }
    return success(SUCCESS, "success", {"result": result})


def _load_list(members: Members) -> ListServices:
    check_members(LIST_BODY, members)
    offset, limit = integer(members, "offset") or 0, integer(members, "limit")
    try:
        _check_page(offset, 10 if limit is None else limit)
    except ValueError as error:
        raise BadBody(str(error)) from None
    return ListServices(status=text(members, "status"), offset=offset, limit=10 if limit is None else limit)


def _load_show(members: Members) -> str:
    check_members(SHOW_BODY, members)
    return text(members, "service_id")


def _check_page(offset: int, limit: int) -> None:
    if offset < 0 or not 1 <= limit <= MAX_LISTED:
        raise ValueError(f"offset is 0 or more, and limit 1 to {MAX_LISTED}")
