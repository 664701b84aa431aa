"""Pay-per-use services of the demo's buyers in a running market: the sample seller reports usage, and the market
charges it.

One buyer has little money and soon owes. Uses the functions of the pages, once; an ended service is not opened again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.product_types.charging import modes_with

from .loading import ensure_account
from .people import BUYER, OPERATOR, Login

SLUG = "qingxie-signin"
LOW_BALANCE_LOGIN = Login(
    role="small_buyer",
    email="studio@xingguang.example",
    password="studio-sandbox",  # noqa: S106
    name="周星",
    company="星光设计工作室",
    phone="13700000000",
)
"""An account with the default level, which has no grace period: its service is frozen as soon as it owes."""
TOP_UP, TOP_UP_REFERENCE = "60", "DEMO-0002"


def open_on_demand(now: datetime) -> None:
    """Open the pay-per-use product for each demo buyer, if it is on sale."""
    offer = Offer.objects.filter(
        sku__spec__product__slug=SLUG, sku__spec__product__status=Product.Status.ON_SALE, on_sale=True,
        charging_mode__in=modes_with(lambda mode: mode.postpaid),
    ).first()  # fmt: skip
    if offer is None:
        return
    with transaction.atomic():
        small = ensure_account(LOW_BALANCE_LOGIN, now)
        if not Transfer.objects.filter(reason=Transfer.Reason.TOP_UP, reference=TOP_UP_REFERENCE).exists():
            amount = Money.of(TOP_UP, config().currency)
            ledger.top_up(small, amount, reference=TOP_UP_REFERENCE, actor=OPERATOR.email, now=now)
    timeout = timedelta(minutes=config().orders.unpaid_timeout_minutes)
    for buyer in (User.objects.get(email=BUYER.email), small):
        command = PlaceOrder(product_id=offer.product_id, agreed=True, idempotency_key="the demo opens it")
        buy(buyer, command, now=now, unpaid_timeout=timeout)
