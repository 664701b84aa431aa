"""Order APIs for buyers' programs: list, details, cancel, SaaS instances (openapi-jointkit §C.12).

Only the names and paths are published. The bodies are those of the nearest known service of the platform.
``buyer_purchases`` has the calls that buy something, whose bodies are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, Kind

from .bodies import (
    BadBody,
    Members,
    check_members,
    integer,
    objects,
    post,
    success,
    text,
    texts,
    validated,
    without_empty,
)
from .buyer_errors import ROOT, SUCCESS, load_or_refuse

LIST_ORDERS = f"{ROOT}/query-orders"
SHOW_ORDER_DETAILS = f"{ROOT}/order-detail/query"
CANCEL_ORDERS = f"{ROOT}/order/batch-cancel"
SHOW_SAASINSTANCE = f"{ROOT}/saas-instance/query"

MAX_LISTED = 100
MAX_CANCELLED = 300
MAX_DETAILED = 100


class OrderStatus(IntEnum):
    AWAITING_PAYMENT = 1
    AWAITING_CONFIRMATION = 2
    PROCESSING = 3
    COMPLETED = 4
    CANCELLED = 5


class OrderKind(IntEnum):
    SUBSCRIBE = 1
    RENEW = 2
    CHANGE = 3
    UNSUBSCRIBE = 4


NO_MEMBERS: Members = MappingProxyType({})

LIST_BODY = (
    Field("start_time", 64),
    Field("end_time", 64),
    Field("status", mandatory=False, kind=Kind.INTEGER, values=tuple(str(s.value) for s in OrderStatus)),
    Field("order_type", mandatory=False, kind=Kind.INTEGER, values=tuple(str(k.value) for k in OrderKind)),
    Field("offset", 9, mandatory=False, kind=Kind.INTEGER),
    Field("limit", 3, mandatory=False, kind=Kind.INTEGER),
    Field("content_name", 64, mandatory=False),
    Field("charging_mode", 9, mandatory=False, kind=Kind.INTEGER),
    Field("order_id", 64, mandatory=False),
    Field("order_ids", mandatory=False, kind=Kind.LIST),
    Field("sort_desc", 1, mandatory=False, kind=Kind.INTEGER),
    Field("content_id", 64, mandatory=False),
)
_LIST_REQUEST_BODY = tuple(row for row in LIST_BODY if row.kind is not Kind.LIST)
INSTANCE = (Field("order_id", 1024), Field("instance_id", 1024), Field("buyer_domain_id", 128))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrders:
    """``start_time`` and ``end_time`` are texts, since their format is not published; at most one year apart."""

    start_time: str
    end_time: str
    status: OrderStatus | None = None
    order_type: OrderKind | None = None
    offset: int = 0
    limit: int = 10
    content_name: str = ""
    charging_mode: int | None = None
    order_id: str = ""
    order_ids: tuple[str, ...] = ()
    ascending: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """An order in a list. Amounts are decimal texts."""

    order_id: str
    order_type: int | None = None
    status: int | None = None
    create_time: str = ""
    payment_time: str = ""
    order_amount: str = ""
    currency_after_discount: str = ""
    customer_id: str = ""
    customer_name: str = ""

    def dump(self) -> dict[str, object]:
        return without_empty(
            order_id=self.order_id,
            order_type=self.order_type,
            status=self.status,
            create_time=self.create_time,
            payment_time=self.payment_time,
            order_amount=self.order_amount,
            currency_after_discount=self.currency_after_discount,
            customer_id=self.customer_id,
            customer_name=self.customer_name,
        )

    @classmethod
    def load(cls, members: Members) -> OrderSummary:
        return cls(
            order_id=text(members, "order_id"),
            order_type=integer(members, "order_type"),
            status=integer(members, "status"),
            create_time=text(members, "create_time"),
            payment_time=text(members, "payment_time"),
            order_amount=_amount(members, "order_amount"),
            currency_after_discount=_amount(members, "currency_after_discount"),
            customer_id=text(members, "customer_id"),
            customer_name=text(members, "customer_name"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDetails:
    """An order as ``order-detail/query`` returns it: its parts as received, read-only.

    Only the names of the parts are known, from the nearest service of the platform [INF]; their contents are not. A
    missing part is empty.
    """

    common: Members = NO_MEMBERS  # order_common_info
    payment: Members = NO_MEMBERS  # order_payment_info
    relation: Members = NO_MEMBERS  # relation_order_info
    display: Members = NO_MEMBERS  # display_info
    allowed: Members = NO_MEMBERS  # allowed_operation
    resources: tuple[Members, ...] = ()  # aggregate_resource_infos

    def dump(self) -> dict[str, object]:
        return {
            "order_common_info": dict(self.common),
            "order_payment_info": dict(self.payment),
            "relation_order_info": dict(self.relation),
            "display_info": dict(self.display),
            "allowed_operation": dict(self.allowed),
            "aggregate_resource_infos": [dict(resource) for resource in self.resources],
        }

    @classmethod
    def load(cls, members: Members) -> OrderDetails:
        return cls(
            common=_part(members, "order_common_info"),
            payment=_part(members, "order_payment_info"),
            relation=_part(members, "relation_order_info"),
            display=_part(members, "display_info"),
            allowed=_part(members, "allowed_operation"),
            resources=tuple(MappingProxyType(dict(item)) for item in objects(members, "aggregate_resource_infos")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSaasInstance:
    order_id: str
    instance_id: str
    buyer_domain_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaasInstance:
    """Access data of an instance for the buyer. ``guides``: names of the attachments of the operating guide.
    ``confirmed_time``: when the seller last sent these data; a field of this market only."""

    front_url: str = ""
    admin_url: str = ""
    account: str = ""
    password: str = field(default="", repr=False)
    confirmed_time: str = ""
    guides: tuple[str, ...] = ()


# --- buyer side ----------------------------------------------------------------------------------------------------


def list_request(query: ListOrders, *, market: str) -> Request:
    """Return the call, to be signed with AK/SK, like the functions below. Raises ``ValueError``."""
    members = {
        **without_empty(
            start_time=query.start_time,
            end_time=query.end_time,
            status=query.status and query.status.value,
            order_type=query.order_type and query.order_type.value,
            content_name=query.content_name,
            charging_mode=query.charging_mode,
            order_id=query.order_id,
            order_ids=_ids(query.order_ids, MAX_LISTED) if query.order_ids else None,
            sort_desc=0 if query.ascending else None,
            content_id=query.content_id,
        ),
        "offset": query.offset,
        "limit": query.limit,
    }
    _check_page(query.offset, query.limit)
    return post(f"{market.rstrip('/')}{LIST_ORDERS}", validated(_LIST_REQUEST_BODY, members))


def details_request(order_ids: tuple[str, ...], *, market: str) -> Request:
    return post(f"{market.rstrip('/')}{SHOW_ORDER_DETAILS}", {"orderids": _ids(order_ids, MAX_DETAILED)})


def cancel_request(order_ids: tuple[str, ...], *, market: str) -> Request:
    """Return the call; only unpaid orders can be cancelled."""
    return post(f"{market.rstrip('/')}{CANCEL_ORDERS}", {"order_ids": _ids(order_ids, MAX_CANCELLED)})


def instance_request(query: ShowSaasInstance, *, market: str) -> Request:
    members: dict[str, object] = {
        "order_id": query.order_id,
        "instance_id": query.instance_id,
        "buyer_domain_id": query.buyer_domain_id,
    }
    return post(f"{market.rstrip('/')}{SHOW_SAASINSTANCE}", validated(INSTANCE, members))


def load_listed(members: Members) -> tuple[int, tuple[OrderSummary, ...]]:
    """Return the total number of orders and one page of them. Raises ``BadBody``."""
    check_members(LISTED_ANSWER, members)
    result = cast("Members", members["result"])
    return integer(result, "total") or 0, tuple(OrderSummary.load(item) for item in objects(result, "order_infos"))


def load_details(members: Members) -> tuple[OrderDetails, ...]:
    """Return the orders in the order of the answer, which may differ from the request. Raises ``BadBody``."""
    check_members(DETAILED_ANSWER, members)
    result = cast("Members", members["result"])
    return tuple(OrderDetails.load(item) for item in objects(result, "order_info_list"))


def load_instance(members: Members) -> SaasInstance:
    """Return the access data of a successful answer. Raises ``BadBody``."""
    check_members((Field("operateGuide", mandatory=False, kind=Kind.LIST),), members)
    return SaasInstance(
        front_url=text(members, "front_url"),
        admin_url=text(members, "admin_url"),
        account=text(members, "account"),
        password=text(members, "password"),
        confirmed_time=text(members, "confirmed_time"),
        guides=tuple(text(item, "attachmentName") for item in objects(members, "operateGuide")),
    )


_RESULT = (
    Field("total", kind=Kind.INTEGER),
    Field("order_infos", kind=Kind.LIST, members=(Field("order_id", 64),)),
)

_DETAIL_PARTS = ("order_common_info", "order_payment_info", "relation_order_info", "display_info", "allowed_operation")
_DETAILED_RESULT = (
    Field(
        "order_info_list",
        kind=Kind.LIST,
        members=(
            *(Field(name, mandatory=False, kind=Kind.OBJECT) for name in _DETAIL_PARTS),
            Field("aggregate_resource_infos", mandatory=False, kind=Kind.LIST),
        ),
    ),
)


LISTED_ANSWER = (Field("result", kind=Kind.OBJECT, members=_RESULT),)
DETAILED_ANSWER = (Field("result", kind=Kind.OBJECT, members=_DETAILED_RESULT),)
INSTANCE_ANSWER = (
    *(Field(name, 1024, mandatory=False) for name in ("front_url", "admin_url", "account", "password")),
    Field("confirmed_time", 19, mandatory=False),
    Field("operateGuide", mandatory=False, kind=Kind.LIST),
)


# --- market side ---------------------------------------------------------------------------------------------------


def load_list(body: bytes) -> ListOrders:
    """Return the query of a verified call, like the functions below. Raises ``ApiRefused`` with a row of the table."""
    return load_or_refuse(body, _load_list)


def load_detailed(body: bytes) -> tuple[str, ...]:
    return load_or_refuse(body, lambda members: texts(members, "orderids", most=MAX_DETAILED, length=64))


def load_cancelled(body: bytes) -> tuple[str, ...]:
    return load_or_refuse(body, lambda members: texts(members, "order_ids", most=MAX_CANCELLED, length=64))


def load_show_instance(body: bytes) -> ShowSaasInstance:
    return load_or_refuse(body, _load_show_instance)


def list_response(total: int, orders: Iterable[OrderSummary]) -> Response:
    infos = [order.dump() for order in orders]
    return success(SUCCESS, "success", {"result": {"total": total, "order_infos": infos}})


def details_response(orders: Iterable[OrderDetails]) -> Response:
    return success(SUCCESS, "success", {"result": {"order_info_list": [order.dump() for order in orders]}})


def cancelled_response() -> Response:
    return success(SUCCESS, "success")


def instance_response(instance: SaasInstance) -> Response:
    guides = [{"attachmentName": name} for name in instance.guides]
    return success(
        SUCCESS,
        "success",
        without_empty(
            front_url=instance.front_url,
            admin_url=instance.admin_url,
            account=instance.account,
            password=instance.password,
            confirmed_time=instance.confirmed_time,
            operateGuide=guides or None,
        ),
    )


def _load_list(members: Members) -> ListOrders:
    check_members(LIST_BODY, {**members, "order_ids": None})
    offset, limit = integer(members, "offset") or 0, integer(members, "limit")
    try:
        _check_page(offset, 10 if limit is None else limit)
    except ValueError as error:
        raise BadBody(str(error)) from None
    status, kind = integer(members, "status"), integer(members, "order_type")
    has_ids = members.get("order_ids") is not None
    return ListOrders(
        start_time=text(members, "start_time"),
        end_time=text(members, "end_time"),
        status=None if status is None else OrderStatus(status),
        order_type=None if kind is None else OrderKind(kind),
        offset=offset,
        limit=10 if limit is None else limit,
        content_name=text(members, "content_name"),
        charging_mode=integer(members, "charging_mode"),
        order_id=text(members, "order_id"),
        order_ids=texts(members, "order_ids", most=MAX_LISTED, length=64) if has_ids else (),
        ascending=integer(members, "sort_desc") == 0,
        content_id=text(members, "content_id"),
    )


def _load_show_instance(members: Members) -> ShowSaasInstance:
    check_members(INSTANCE, members)
    order, instance, domain = (text(members, row.name) for row in INSTANCE)
    return ShowSaasInstance(order_id=order, instance_id=instance, buyer_domain_id=domain)


def _check_page(offset: int, limit: int) -> None:
    if offset < 0 or not 1 <= limit <= MAX_LISTED:
        raise ValueError(f"offset is 0 or more, and limit 1 to {MAX_LISTED}")


def _ids(order_ids: tuple[str, ...], max_count: int) -> list[str]:
    if not 1 <= len(order_ids) <= max_count or not all(0 < len(name.strip()) <= 64 for name in order_ids):
        raise ValueError(f"1 to {max_count} order ids of up to 64 characters are asked for at once")
    return list(order_ids)


def _part(members: Members, name: str) -> Members:
    part = members.get(name)
    return MappingProxyType(dict(part)) if isinstance(part, Mapping) else NO_MEMBERS


def _amount(members: Members, name: str) -> str:
    value = members.get(name)
    return "" if value is None or isinstance(value, bool | list | dict) else str(value)
