"""Which kinds of notices tell of an order, by its type: of what is bought anew, and of what is held already."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.product_types.contract import DeliveryMethod
from tradepost.market.product_types.registry import product_type


class OrderKinds(Struct, frozen=True, kw_only=True):
    """Names in ``messages.TEMPLATES``. Where nothing was to be paid, the second of a pair. ``done`` is told with the new end of
    what is held; ``waits`` when its operation stopped; both are empty for what is bought anew."""

    sold: tuple[str, str]
    ended: tuple[str, str]
    done: str = ""
    waits: tuple[str, str] = ("", "")


PURCHASE_KINDS = OrderKinds(
    sold=("seller_new_order", "seller_new_opening"), ended=("order_refunded", "order_not_opened")
)
KINDS_BY_TYPE: Mapping[str, OrderKinds] = {
    Order.Type.RENEW: OrderKinds(
        sold=("seller_renewal", "seller_free_renewal"), ended=("renewal_refunded", "free_renewal_ended"),
        done="service_renewed", waits=("renewal_waits", "free_renewal_waits"),
    ),
    Order.Type.TRIAL_TO_FORMAL: OrderKinds(
        sold=("seller_conversion", "seller_free_conversion"), ended=("conversion_refunded", "free_conversion_ended"),
        done="trial_converted", waits=("conversion_waits", "free_conversion_waits"),
    ),
    Order.Type.CHANGE: OrderKinds(
        sold=("seller_change", "seller_free_change"), ended=("change_refunded", "free_change_ended")
    ),
}  # fmt: skip


BY_PEOPLE = ("seller_new_delivery", "seller_new_free_delivery")
BY_MARKET = ("seller_new_service", "seller_new_free_service")
BY_CLOUD = ("seller_new_server", "seller_new_free_server")
CLOUD_FAILED = ("image_order_refunded", "server_not_created")
RENEWAL_NOTED = ("seller_renewal_noted", "seller_free_renewal_noted")


def sold_kind(line: OrderLine, product_kind: str) -> str:
    """Which notice tells a seller of a paid line. Only of a kind with an interface does it mention a call to the interface."""
    kind, pair = product_type(product_kind), kinds_of(line.order).sold
    if not kind.needs_interface:
        if pair == PURCHASE_KINDS.sold:
            pair = BY_MARKET if kind.by_market else BY_CLOUD if kind.delivery is DeliveryMethod.COMPUTE else BY_PEOPLE
        elif pair == KINDS_BY_TYPE[Order.Type.RENEW].sold:
            pair = RENEWAL_NOTED
    return kind_for_amount(pair, line.amount_minor)


def ended_kind(line: OrderLine, product_kind: str) -> str:
    """Which notice tells a buyer of an order that could not be delivered."""
    pair = kinds_of(line.order).ended
    by_cloud = product_type(product_kind).delivery is DeliveryMethod.COMPUTE
    return kind_for_amount(CLOUD_FAILED if by_cloud and pair == PURCHASE_KINDS.ended else pair, line.order.total_minor)


def failure_suffix(product_kind: str) -> str:
    """The end of the kind that tells a seller of the same: which cause it names."""
    kind = product_type(product_kind)
    if kind.needs_interface:
        return ""
    return "_cloud" if kind.delivery is DeliveryMethod.COMPUTE else "_plain"


def is_by_code(line: OrderLine, product_kind: str) -> bool:
    """Whether a line is delivered by a code of the market: its notices have words of their own (``license_reactions``)."""
    return line.order.order_type in {Order.Type.NEW, Order.Type.TRIAL} and product_type(product_kind).issues_codes


def kinds_of(order: Order) -> OrderKinds:
    return KINDS_BY_TYPE.get(order.order_type, PURCHASE_KINDS)


def kind_for_amount(pair: tuple[str, str], amount_minor: int) -> str:
    return pair[0] if amount_minor else pair[1]
