"""A small market's rows, made directly: people, a seller with a product on sale, orders, calls and attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tradepost.market.base.work import State
from tradepost.market.catalog.models import Category, Offer, Product, Sku, Spec
from tradepost.market.identity.models import Member, Seller, User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production.models import Address, Attempt, Call

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
_serial = count(1)


def make_user(**overrides: Any) -> User:
    n = next(_serial)
    fields = {"email": f"person{n}@example.com", "name": f"Person {n}", "language": "en"} | overrides
    return User.objects.create(**fields)


def make_operator(**overrides: Any) -> User:
    return make_user(**({"is_operator": True} | overrides))


def make_seller(*, members: int = 1, **overrides: Any) -> Seller:
    n = next(_serial)
    fields = {
        "name": f"云起科技{n}",
        "name_en": f"Yunqi Technology {n}",
        "slug": f"yunqi-{n}",
        "contact_email": f"contact{n}@example.com",
        "created_at": NOW,
    } | overrides
    seller = Seller.objects.create(**fields)
    for _ in range(members):
        Member.objects.create(seller=seller, user=make_user())
    return seller


def make_offer(seller: Seller | None = None, **overrides: Any) -> Offer:
    """A product on sale with one yearly price."""
    n = next(_serial)
    category, _ = Category.objects.get_or_create(slug="office", defaults={"name": "办公", "name_en": "Office"})
    product = Product.objects.create(
        seller=seller or make_seller(),
        category=category,
        product_type="SAAS",
        slug=f"crm-{n}",
        name=f"云客户管理{n}",
        name_en=f"Cloud CRM {n}",
        summary="管理客户",
        summary_en="Manage customers",
        description="",
        description_en="",
        status=Product.Status.ON_SALE,
        listed_at=NOW,
        created_at=NOW,
    )
    spec = Spec.objects.create(product=product, name="标准版", name_en="Standard")
    sku = Sku.objects.create(spec=spec, code=f"sku-{n}")
    fields = {
        "charging_mode": "PERIOD",
        "period_type": "year",
        "price_minor": 120_000,
        "currency": "CNY",
        "period_numbers": [1],
    } | overrides
    return Offer.objects.create(sku=sku, product_id=f"OFFI{n:018d}", **fields)


def make_order(*, buyer: User | None = None, offer: Offer | None = None, **overrides: Any) -> Order:
    n = next(_serial)
    offer = offer or make_offer()
    product = offer.sku.spec.product
    fields = {
        "number": f"CS2603020830{n:07d}",
        "order_type": Order.Type.NEW,
        "status": Order.Status.PROCESSING,
        "total_minor": offer.price_minor,
        "currency": offer.currency,
        "placed_at": NOW,
        "pay_before": NOW + timedelta(days=1),
        "paid_at": NOW,
    } | overrides
    order = Order.objects.create(buyer=buyer or make_user(), **fields)
    OrderLine.objects.create(
        order=order,
        number=f"{order.number}-000001",
        seller=product.seller,
        product=product,
        offer=offer,
        charging_mode=offer.charging_mode,
        period_type=offer.period_type,
        period_number=1,
        amount_minor=order.total_minor,
        sku_code=offer.sku.code,
        product_name=product.name,
        product_name_en=product.name_en,
        spec_name="标准版",
        spec_name_en="Standard",
        agreed_at=NOW,
    )
    return order


def make_address(seller: Seller, **overrides: Any) -> Address:
    fields = {
        "url": f"https://saas.example.com/produce/{next(_serial)}",
        "protocol": "saas_v2",
        "created_at": NOW,
    } | overrides
    return Address.objects.create(seller=seller, **fields)


def make_call(order: Order | None = None, **overrides: Any) -> Call:
    """A ``newInstance`` of an order's line, waiting."""
    order = order or make_order()
    line = order.lines.select_related("seller", "product").get()
    address = overrides.pop("address", None) or make_address(line.seller)
    fields = {
        "state": State.WAITING,
        "due_at": NOW,
        "kind": "Create",
        "activity": "newInstance",
        "command": {},
        "protocol": "saas_v2",
        "created_at": NOW,
        "order_number": order.number,
        "order_line_number": line.number,
    } | overrides
    return Call.objects.create(seller=line.seller, address=address, product=line.product, **fields)


def make_attempt(call: Call, **overrides: Any) -> Attempt:
    fields = {
        "number": call.tries.count() + 1,
        "started_at": NOW,
        "milliseconds": 41.5,
        "method": "POST",
        "url": call.address.url,
        "request_headers": [["Content-Type", "application/json"]],
        "request_body": "{}",
        "status": 200,
        "response_headers": [["Content-Type", "application/json"]],
        "response_body": '{"resultCode":"000005","resultMsg":"disk full"}',
        "verdict": "000005",
    } | overrides
    return Attempt.objects.create(call=call, **fields)
