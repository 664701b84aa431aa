"""The chapter of history.py about changes of services in use."""

from __future__ import annotations

from datetime import timedelta

from tests.browser.debugging import debug_case
from tests.browser.history import opened
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product, Sku
from tradepost.market.catalog.upgrade_rules import add_rule
from tradepost.market.fulfilment.changing import order_change
from tradepost.market.orders.change import ChangeService, change_targets
from tradepost.market.orders.change_fee import StepChange
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.subscriptions.models import Subscription


def change(_seller_url: str) -> dict[str, str]:
    """Create a service that its buyer moved to the next edition, one that can be changed, and one whose change is
    unpaid."""
    product = Product.objects.select_related("binding__address").get(slug="huiqi-meetings")
    debug_case(product.binding.address, "upgradeInstance")
    source, target = Sku.objects.filter(spec__product=product).order_by("pk").values_list("code", flat=True)
    add_rule(product, source, target, now=clock.now())
    changed, waiting, free = (opened(product.slug) for _ in range(3))
    order = _ordered(changed)
    pay_order(order, now=clock.now())
    until(lambda: Order.objects.get(pk=order.pk).status == "completed", "it is changed")
    _ordered(waiting)
    return {
        "changed": str(changed.pk), "changed order": order.number, "changeable": str(free.pk), "change unpaid": str(waiting.pk),
    }  # fmt: skip


def _ordered(held: Subscription) -> Order:
    command = ChangeService(
        subscription=held.pk, product_id=change_targets(held)[-1].offer.product_id, quantity=held.quantity, agreed=True
    )
    return order_change(
        held.buyer, command, now=clock.now(), unpaid_timeout=timedelta(days=1), step_change=StepChange.GRADUATED
    )
