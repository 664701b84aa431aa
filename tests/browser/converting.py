"""The chapter of history.py about trials that become paid services, and renewals with a change."""

from __future__ import annotations

from datetime import timedelta

from tests.browser.debugging import debug_case
from tests.browser.history import opened
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.renew_changing import AgreementState, ChangeRules, latest_check, request_agreement
from tradepost.market.orders.buy import buy
from tradepost.market.orders.convert import WithinSpec
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.subscriptions.models import Subscription

DAY = timedelta(days=1)


def formal(_seller_url: str) -> dict[str, str]:
    """Create a running trial, and a service whose seller agreed to renew it as the larger edition."""
    product = Product.objects.select_related("binding__address").get(slug="kelai-crm")
    debug_case(product.binding.address, "changeInstanceCheck")
    held = opened(product.slug)
    trial = Offer.objects.select_related("sku").get(sku__spec__product=product, trial=True)
    command = PlaceOrder(
        product_id=trial.product_id, quantity=trial.sku.quantity_min, periods=trial.period_numbers[0], agreed=True
    )
    order = buy(held.buyer, command, now=clock.now(), unpaid_timeout=DAY)
    until(lambda: Order.objects.get(pk=order.pk).status == "completed", "the trial is opened")
    _agreed(held, product)
    tried = Subscription.objects.get(order_lines__order=order)
    return {"trial": str(tried.pk), "agreed change": str(held.pk)}


def _agreed(held: Subscription, product: Product) -> None:
    month = {"charging_mode": "PERIOD", "period_type": "month", "trial": False}
    larger = Offer.objects.filter(sku__spec__product=product, **month).order_by("-price_minor")[0]
    command = WithinSpec(subscription=held.pk, product_id=larger.product_id, quantity=held.quantity, periods=1)
    # A month may have 31 days; the page then says that it is too early.
    rules = ChangeRules(days_before=31, lasts_minutes=1440, unpaid_timeout=DAY)
    request_agreement(held, command, actor=held.buyer.email, rules=rules, now=clock.now())

    def agreed() -> bool:
        latest = latest_check(held)
        return latest is not None and latest.word is AgreementState.AGREED

    until(agreed, "the seller agrees")
