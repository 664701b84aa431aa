"""From rows to the values that kinds of operations work with, and back from what a seller answered."""

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
from tradepost.protocols.contract import SellerProtocol, Spoken
from tradepost.protocols.registry import protocols

from .contract import AnyKind, Failed, Held, Line, Said
from .models import Operation
from .registry import operation_kind

UNREAD = tuple(f"product__{text}" for text in ("description", "description_en", "guide", "guide_en", "picture"))
"""What is long on the product of a subscription or a line, and never asked of a seller."""


def locked_subscriptions(which: Collection[int]) -> list[Subscription]:
    """These subscriptions (by pk) with what an operation needs of them, locked in the one order that everybody keeps."""
    return _LOCKED(which) if which else []


def unheld_subscriptions(which: Collection[int]) -> list[Subscription]:
    """The same without those that somebody works on right now."""
    return _UNHELD(which) if which else []


def with_product(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    return rows.select_related("buyer", "product", "offer__sku__spec").defer(*UNREAD, "sealed_access", "sealed_license")


def _lock(keys: Slot, *, skip_locked: bool) -> QuerySet[Subscription]:
    rows = Subscription.objects.select_for_update(of=("self",), skip_locked=skip_locked)
    return with_product(rows.filter(Among("pk", keys))).order_by("pk")


_LOCKED = PreparedObjects((Keys(),), partial(_lock, skip_locked=False))
_UNHELD = PreparedObjects((Keys(),), partial(_lock, skip_locked=True))


def protocols_of(products: Collection[int]) -> dict[int, SellerProtocol]:
    """The protocol of each product's production address, or of its kind where that needs none; others are left out."""
    known = protocols()
    found = {product: known[name] for product, name in _BOUND(products) if name in known} if products else {}
    if left := set(products) - found.keys():
        kinds = Product.objects.filter(pk__in=left).values_list("pk", "product_type")
        found |= {pk: spoken for pk, kind in kinds if (spoken := _of_kind(kind)) is not None}
    return found


_BOUND = Prepared(
    (Keys(),),
    lambda products: Binding.objects.filter(Among("product", products)).values_list("product_id", "address__protocol"),
)


def _of_kind(kind: str) -> SellerProtocol | None:
    """Of a kind whose interface is optional: what its services would be told over, if anything."""
    known = product_type(kind)
    return protocols().get(known.protocols[0]) if known.issues_codes else None


def spoken_by(subscription: Subscription, address: Address | None) -> SellerProtocol | None:
    """Over which its seller is told; None while a product that needs a production address has none."""
    return protocols().get(address.protocol) if address else _of_kind(subscription.product.product_type)


def protocol_of(subscription: Subscription) -> SellerProtocol | None:
    return protocols_of({subscription.product_id}).get(subscription.product_id)


def held_of(subscription: Subscription, protocol: Spoken, address: Address | None = None) -> Held:
    """``address``: where its seller is asked. Without one everything counts as proven: what was begun goes on. But where an
    interface is optional nothing is asked without one."""
    optional = product_type(subscription.product.product_type).issues_codes
    return Held(
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
    """``line.order`` and ``line.offer`` should be fetched."""
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
    """For the protocols that carry it inside, without its dates. A try-out says what it would cost, an unsubscription what it
    pays back: SaaS 1.0 tells a cancelled renewal by the sign of its amount alone (saas-v1-license A2.3)."""
    order = line.order
    listed = order.origin == Order.Origin.SANDBOX or order.order_type == Order.Type.UNSUBSCRIBE
    return Purchase(
        product_id=line.offer.product_id,
        sku_code=line.sku_code,
        product_name=line.product_name,
        charging_mode=line.charging.mode,
        period_type=line.period_type,
        period_number=line.period_number or None,
        **_quantity_of(line),
        trial=line.order.order_type == Order.Type.TRIAL,
        amount=(line.list_amount if listed else line.amount).major,
        extend_params=tuple((p["name"], p["value"]) for p in line.extend_params),
    )


def _quantity_of(line: OrderLine) -> dict[str, Any]:
    """The parameter as which SaaS 1.0 sends the quantity (saas-v1-license A2.1)."""
    return {_MEMBER.get(line.offer.sku.quantity_parameter, "quantity"): line.quantity} if line.linear else {}


_MEMBER = {AMOUNT: "quantity", DISK_SIZE: "disk_size", BAND_WIDTH: "band_width"}


def kind_of(operation: Operation) -> AnyKind:
    return operation_kind(operation.kind)


def wanted_of(operation: Operation) -> object:
    return stored.load(kind_of(operation).wanted, operation.wanted)


def said_by(call: Call) -> Said:
    """What came of a call that is done."""
    answer = msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done) if call.sealed_answer else Done()
    return Said(command=calls.load(call.kind, call.command), answer=answer, until_access=call.until_access)


def failed_by(call: Call) -> Failed:
    """What came of a call that was given up."""
    rule = retry_rule(call)
    return Failed(
        command=calls.load(call.kind, call.command),
        verdict=call.last_verdict,
        maybe_acted=call.maybe_acted,
        keeps_order=rule is not None and rule.keeps_order,
        orphans=_orphans_of(call) if call.kind == Create.__name__ else (),
    )


def _orphans_of(call: Call) -> tuple[str, ...]:
    """The instances that an unfinished creation may have left, or nothing when the seller cannot have made one.

    An id seen in an answer that could not be trusted (unless it is another order's), else the ids that the protocol
    recommends to sellers: the businessId of the first request (saas-v2 §3.1), which is the first that arrived, also when it was
    refused, and nobody knows which of those without an answer did. At most one of them is there; releasing what is not changes nothing.
    """
    if not call.maybe_acted:
        return ()
    claimed = call.claimed_instance_id
    if claimed and not Subscription.objects.filter(seller_id=call.seller_id, instance_id=claimed).exists():
        return (claimed,)
    tries = Attempt.objects.filter(call=call).order_by("number").values_list("business_id", "verdict")
    arrived = [business_id for business_id, verdict in tries if verdict not in NOTHING_SENT]
    return tuple(dict.fromkeys(filter(None, arrived)))
