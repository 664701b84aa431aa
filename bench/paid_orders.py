"""Newly paid orders in bulk: rows and bookings as after checkout and payment, with their events. Django must be set
up."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base import outbox, work
from tradepost.market.catalog.models import Version
from tradepost.market.identity.models import Member, User
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments.ledger import market_account
from tradepost.market.payments.models import Account, Entry, Transfer

from .rows import BATCH, Shop

PRICE = 10_000
CURRENCY = "CNY"


def hire_members(shop: Shop) -> None:
    """Create one person for each seller, who is notified of every order."""
    people = User.objects.bulk_create(
        [User(email=f"member{i}@bench.example", name=f"Member {i}") for i in range(len(shop.sellers))], BATCH
    )
    Member.objects.bulk_create([Member(seller=s, user=u) for s, u in zip(shop.sellers, people, strict=True)], BATCH)


def insert_paid(shop: Shop, *, tag: str, count: int, now: datetime) -> None:
    """Insert ``count`` orders of one line, of the sellers in turn, each of a different buyer, with their money held."""
    with transaction.atomic():
        buyers = User.objects.bulk_create(
            [User(email=f"{tag}-{i}@bench.example".lower(), name=f"Buyer {i}") for i in range(count)], BATCH
        )
        orders = Order.objects.bulk_create(
            [
                Order(
                    number=f"CS{tag}{i}",
                    order_type=Order.Type.NEW,
                    buyer=buyer,
                    status=Order.Status.PROCESSING,
                    total_minor=PRICE,
                    currency=CURRENCY,
                    placed_at=now,
                    pay_before=now + timedelta(days=1),
                    paid_at=now,
                )
                for i, buyer in enumerate(buyers)
            ],
            BATCH,
        )
        versions = dict(Version.objects.values_list("product_id", "pk"))
        OrderLine.objects.bulk_create(
            [
                OrderLine(
                    order=order,
                    status=order.status,
                    number=f"{order.number}-000001",
                    buyer_id=order.buyer_id,
                    seller=shop.sellers[i % len(shop.sellers)],
                    product=shop.products[i % len(shop.sellers)],
                    version_id=versions[shop.products[i % len(shop.sellers)].pk],
                    offer=shop.offer,
                    charging_mode="PERIOD",
                    period_type="month",
                    period_number=1,
                    amount_minor=PRICE,
                    sku_code="STD",
                    product_name="商品",
                    product_name_en="Product",
                    spec_name="标准版",
                    spec_name_en="Standard",
                    agreed_at=now,
                )
                for i, order in enumerate(orders)
            ],
            BATCH,
        )
        _hold(orders, now)
        outbox.publish_all([OrderPaid(order=order.number) for order in orders], now=now)
        work.wake()


def _hold(orders: list[Order], now: datetime) -> None:
    transfers = Transfer.objects.bulk_create(
        [
            Transfer(
                reason=Transfer.Reason.PAYMENT,
                reference=order.number,
                order_number=order.number,
                actor="bench",
                at=now,
            )
            for order in orders
        ],
        BATCH,
    )
    cash, clearing = (market_account(kind, CURRENCY) for kind in (Account.Kind.CASH, Account.Kind.CLEARING))
    Entry.objects.bulk_create(
        [
            Entry(transfer=transfer, account=account, amount_minor=amount)
            for transfer in transfers
            for account, amount in ((cash, -PRICE), (clearing, PRICE))
        ],
        BATCH,
    )
