"""Convert rows to the values of operation kinds, and sellers' answers back."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

import msgspec
from django.db.models import QuerySet

from tradepost.market.base import stored
from tradepost.market.base.prepared import Among, Keys, Prepared, PreparedObjects, Slot
from tradepost.market.base.secrets import unseal
from tradepost.market.catalog.document import AMOUNT, BAND_WIDTH, DISK_SIZE
from tradepost.market.catalog.models import Product
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.product_types.acceptance import opens_at_payment
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Attempt, Binding, Call
from tradepost.market.production.seller_queries import retry_rule
from tradepost.market.subscriptions.convertible import convertible_until
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until
from tradepost.protocols.commands import NOTHING_SENT, Create, Done, Purchase
from tradepost.protocols.contract import CommandSet, SellerProtocol
from tradepost.protocols.registry import protocols

from .contract import AnyKind, FailedCall, LastExchange, Line, SubscriptionView
from .models import Operation
from .registry import operation_kind

DEFERRED_FIELDS = tuple(
    f"product__{text}" for text in ("description", "description_en", "guide", "guide_en", "picture")
)
"""Long product texts of a subscription or line, which no call needs."""


def locked_subscriptions(keys: Collection[int]) -> list[Subscription]:
    """Lock these subscriptions (by key) in the common order, with the data for operations."""
    return _LOCKED(keys) if keys else []


def lock_unlocked(keys: Collection[int]) -> list[Subscription]:
    """Lock these subscriptions, skipping those that are already locked."""
    return _UNLOCKED(keys) if keys else []


def with_product(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    return rows.select_related("buyer", "product", "offer__sku__spec").defer(
        *DEFERRED_FIELDS, "sealed_access", "sealed_license"
    )


def _lock(keys: Slot, *, skip_locked: bool) -> QuerySet[Subscription]:
    rows = Subscription.objects.select_for_update(of=("self",), skip_locked=skip_locked)
    return with_product(rows.filter(Among("pk", keys))).order_by("pk")


_LOCKED = PreparedObjects((Keys(),), partial(_lock, skip_locked=False))
_UNLOCKED = PreparedObjects((Keys(),), partial(_lock, skip_locked=True))


def protocols_of(products: Collection[int]) -> dict[int, SellerProtocol]:
    """Return the protocol of each product's address, or of its type if that needs no address; others are left out."""
    installed_protocols = protocols()
    by_product = (
        {product: installed_protocols[name] for product, name in _BINDINGS(products) if name in installed_protocols}
        if products
        else {}
    )
    if missing_products := set(products) - by_product.keys():
        kinds = Product.objects.filter(pk__in=missing_products).values_list("pk", "product_type")
        by_product |= {
            pk: type_protocol for pk, kind in kinds if (type_protocol := _protocol_of_type(kind)) is not None
        }
    return by_product


_BINDINGS = Prepared(
    (Keys(),),
    lambda products: Binding.objects.filter(Among("product", products)).values_list("product_id", "address__protocol"),
)


def _protocol_of_type(kind: str) -> SellerProtocol | None:
    """Return the protocol of a type with an optional interface."""
    definition = product_type(kind)
    return protocols().get(definition.protocols[0]) if definition.issues_codes else None


def protocol_with_seller(subscription: Subscription, address: Address | None) -> SellerProtocol | None:
    """Return the protocol to the seller; None for a product without the address it needs."""
    return protocols().get(address.protocol) if address else _protocol_of_type(subscription.product.product_type)


def protocol_of(subscription: Subscription) -> SellerProtocol | None:
    return protocols_of({subscription.product_id}).get(subscription.product_id)


def view_of(subscription: Subscription, protocol: CommandSet, address: Address | None = None) -> SubscriptionView:
    """Return the view of a subscription. ``address``: the seller's address; without one everything counts as proven, so
    that started operations continue.

    For an optional interface, no calls are made without an address.
    """
    optional = product_type(subscription.product.product_type).issues_codes
    return SubscriptionView(
        subscription=subscription.pk,
        instance_id=subscription.instance_id,
        protocol=protocol,
        product_type=subscription.product.product_type,
        product_id=subscription.offer.product_id,
        charging=subscription.offer.charging,
        purchase_order=subscription.order_line_number.rpartition("-")[0],
        access_by_message=subscription.product.access_by_message,
        started_at=subscription.started_at,
        expires_at=subscription.expires_at,
        renewable_until=renewable_until(subscription),
        convertible_until=convertible_until(subscription),
        proven=frozenset(address.proven) if address else frozenset() if optional else None,
        frozen=subscription.status == Subscription.Status.FROZEN,
        optional=optional,
    )


def line_of(line: OrderLine) -> Line:
    """Return the view of a line. ``line.order`` and ``line.offer`` should be fetched."""
    return Line(
        number=line.number,
        order_number=line.order.number,
        order_type=line.order.order_type,
        period_type=line.period_type,
        period_number=line.period_number,
        quantity=line.quantity,
        linear=line.linear,
        sku_code=line.sku_code,
        product_name=line.product_name,
        purchase=purchase_of(line),
        held=opens_at_payment(line.flow),
    )


def purchase_of(line: OrderLine) -> Purchase:
    """Return the purchase without dates, for protocols that contain it. A sandbox order has its full price, an
    unsubscription its refund: SaaS 1.0 recognises a cancelled renewal only by the sign of the amount (saas-v1-license
    A2.3)."""
    order = line.order
    is_listed = order.origin == Order.Origin.SANDBOX or order.order_type == Order.Type.UNSUBSCRIBE
    return Purchase(
        product_id=line.offer.product_id,
        sku_code=line.sku_code,
        product_name=line.product_name,
        charging_mode=line.charging.mode,
        period_type=line.period_type,
        period_number=line.period_number or None,
        **_quantity_of(line),
        trial=line.order.order_type == Order.Type.TRIAL,
        amount=(line.list_amount if is_listed else line.amount).major,
        extend_params=tuple((param["name"], param["value"]) for param in line.extend_params),
    )


def _quantity_of(line: OrderLine) -> dict[str, Any]:
    """Return the quantity under the parameter that SaaS 1.0 uses for it (saas-v1-license A2.1)."""
    return {_QUANTITY_FIELDS.get(line.offer.sku.quantity_parameter, "quantity"): line.quantity} if line.linear else {}


_QUANTITY_FIELDS = {AMOUNT: "quantity", DISK_SIZE: "disk_size", BAND_WIDTH: "band_width"}


def kind_of(operation: Operation) -> AnyKind:
    return operation_kind(operation.kind)


def parameters_of(operation: Operation) -> object:
    return stored.load(kind_of(operation).wanted, operation.wanted)


def exchange_of(call: Call) -> LastExchange:
    """Return the result of a completed call."""
    answer = msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done) if call.sealed_answer else Done()
    return LastExchange(command=calls.load(call.kind, call.command), answer=answer, until_access=call.until_access)


def failure_of(call: Call) -> FailedCall:
    """Return the result of a call that was given up."""
    rule = retry_rule(call)
    return FailedCall(
        command=calls.load(call.kind, call.command),
        verdict=call.last_verdict,
        maybe_acted=call.maybe_acted,
        keeps_order=rule is not None and rule.keeps_order,
        orphans=_orphans_of(call) if call.kind == Create.__name__ else (),
    )


def _orphans_of(call: Call) -> tuple[str, ...]:
    """Return the instances that an unfinished creation may have left; empty if the seller cannot have created one.

    That is an ID from an untrusted answer (unless it belongs to another order), otherwise the recommended IDs: the
    businessId of the first request that arrived (saas-v2 §3.1), even if refused, and of those without an answer. At
    most one exists; releasing the others has no effect.
    """
    if not call.maybe_acted:
        return ()
    claimed_id = call.claimed_instance_id
    if claimed_id and not Subscription.objects.filter(seller_id=call.seller_id, instance_id=claimed_id).exists():
        return (claimed_id,)
    tries = Attempt.objects.filter(call=call).order_by("number").values_list("business_id", "verdict")
    arrived_ids = [business_id for business_id, verdict in tries if verdict not in NOTHING_SENT]
    return tuple(dict.fromkeys(filter(None, arrived_ids)))
