"""A chapter of history.py: two buyers use a service on demand. The reported usage is charged, and one of them is in
arrears.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradepost.market.catalog.models import Offer
    from tradepost.market.identity.models import User
    from tradepost.market.subscriptions.models import Subscription

EMAIL, PASSWORD = "owes@newcomer.example", "owing-sandbox"
INSTANCE = "i-of-nobody"


def use(_seller_url: str) -> dict[str, str]:
    from tests.factories.metering import ZONE, item, on_demand, push
    from tests.factories.products import make_product
    from tests.waiting import until
    from tradepost.market.base import clock
    from tradepost.market.billing.models import Arrears, Charge
    from tradepost.market.catalog.models import Offer, Product
    from tradepost.market.identity.models import User
    from tradepost.market.metering import collect
    from tradepost.market.metering.models import Record
    from tradepost.market.metering.void import void

    docs = Product.objects.get(slug="yunjian-docs")
    product = make_product(
        docs.seller, prices=(on_demand(amount=Decimal(2)),), address=docs.binding.address, now=clock.now(),
        slug="yunjian-usage", name="云笺开放接口", name_en="Yunjian Open API", category=docs.category.slug, picture=docs.picture,
    )  # fmt: skip
    offer = Offer.objects.get(sku__spec__product=product)
    rich, (short, _password) = User.objects.get(email="buyer@lantian.example"), poor()
    used, owed = (_opened(buyer, offer, until) for buyer in (rich, short))
    for held, values in ((used, ("1.5", "3", "2.25")), (owed, ("3",))):
        assert held.started_at
        begin = held.started_at.replace(microsecond=0)
        records = [
            item(held, begin + n * timedelta(seconds=1), value, end_time=_second_after(begin, n))
            for n, value in enumerate(values)
        ]
        wrong = [item(held, begin, "0"), item(held, begin, instance_id=INSTANCE)] if held is used else []
        push(held.seller, [*records, *wrong], now=clock.now() + timedelta(seconds=10))
    taken_back = Record.objects.filter(subscription=used).latest("pk")
    void(
        taken_back,
        reason="两次计量了同一时段",
        actor="owner@qingxie.example",
        within=timedelta(days=21),
        zone=ZONE,
        now=clock.now(),
    )
    collect.close("hour", now=clock.now())
    until(lambda: Charge.objects.filter(subscription__in=[used, owed]).count() == 2, "it is charged")
    until(lambda: Arrears.objects.filter(buyer=short, status="frozen").exists(), "what is owed freezes")
    return {
        "debtor": EMAIL, "debtor password": PASSWORD, "used service": str(used.pk), "owed service": str(owed.pk),
        "used product": str(product.pk), "debtor key": str(short.pk), "charge": str(Charge.objects.get(subscription=used).pk),
        "owed charge": str(Charge.objects.get(subscription=owed).pk),
        "usage record": str(Record.objects.filter(subscription=used).earliest("pk").pk), "voided record": str(taken_back.pk),
        "used instance": used.instance_id,
    }  # fmt: skip


def _second_after(begin: datetime, n: int) -> str:
    from tradepost.protocols.open_api.usage_push import dump_time

    return dump_time(begin + (n + 1) * timedelta(seconds=1))


def poor() -> tuple[User, str]:
    """Return a buyer with one yuan, and the password."""
    from allauth.account.models import EmailAddress

    from tradepost.market.base import clock
    from tradepost.market.base.money import Money
    from tradepost.market.identity.models import User
    from tradepost.market.payments import ledger

    user = User.objects.create_user(EMAIL, PASSWORD, name="周星", joined_at=clock.now())
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    ledger.top_up(user, Money.of(1, "CNY"), reference="BROWSER-OWES", actor="op", now=clock.now())
    return user, PASSWORD


def _opened(buyer: User, offer: Offer, until: Callable[[Callable[[], bool], str], object]) -> Subscription:
    from tradepost.market.base import clock
    from tradepost.market.orders.buy import buy
    from tradepost.market.orders.models import Order
    from tradepost.market.orders.place import PlaceOrder
    from tradepost.market.subscriptions.models import Subscription

    command = PlaceOrder(product_id=offer.product_id, agreed=True)
    order = buy(buyer, command, now=clock.now(), unpaid_timeout=timedelta(days=1))
    until(lambda: Order.objects.get(pk=order.pk).status == "completed", "it is opened on demand")
    return Subscription.objects.get(order_lines__order=order)
