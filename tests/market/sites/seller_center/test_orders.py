"""A seller's orders contain only the buyer's data requested by the product, and only after payment."""

from __future__ import annotations

import re

import pytest

from tests.factories import buying, people, products
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE, PACKAGE
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent


def order_of(shop, *, paid: bool = True, asks: bool = False) -> OrderLine:
    buyer = people.make_buyer(email="li.lei@lantian.example", phone="13800001234", company="蓝天贸易")
    product = products.make_product(shop.seller, asks_mobile=asks, asks_email=asks)
    order = buying.make_order(buyer, offer=products.make_offer(product), paid=paid)
    return OrderLine.objects.get(order=order)


def page_of(page, line: OrderLine) -> str:
    return page.get(f"/seller/orders/{line.number}/").content.decode()


def test_contacts_stay_hidden_unless_the_product_requests_them(page, shop):
    """saas-v2 §1.5: mobile phone and email only when the product requests them."""
    text = page_of(page, order_of(shop))

    assert "蓝天贸易" in text
    assert "13800001234" not in text
    assert "li.lei" not in text


def test_requested_contacts_are_shown_after_payment(page, shop):
    text = page_of(page, order_of(shop, asks=True))

    assert "13800001234" in text
    assert "li.lei@lantian.example" in text


def test_contacts_stay_hidden_before_payment(page, shop):
    text = page_of(page, order_of(shop, paid=False, asks=True))

    assert "13800001234" not in text
    assert "li.lei" not in text


def test_access_data_of_the_buyer_is_never_shown(page, shop):
    line = order_of(shop)
    subscription = buying.make_subscription(line.order)

    text = page_of(page, line)

    assert subscription.instance_id in text
    assert buying.ACCESS.password not in text
    assert "Instance opened" in text
    assert "Paid by the buyer" in text


def test_search_and_status_narrow_the_list(page, shop):
    paid, unpaid = order_of(shop), order_of_second(shop)

    def found(**query: str) -> list[str]:
        return [line.number for line in page.get("/seller/orders/", query).context["page"].rows]

    assert found() == [unpaid.number, paid.number]
    assert found(status="processing") == [paid.number]
    assert found(status="unpaid") == [unpaid.number]
    assert found(q=paid.number[:19].lower()) == [paid.number]
    assert found(q=unpaid.product_name_en.upper()) == [unpaid.number]
    assert found(q="nothing like it") == []


def order_of_second(shop) -> OrderLine:
    order = buying.make_order(offer=products.make_offer(products.make_product(shop.seller, name_en="Zebra")))
    return OrderLine.objects.get(order=order)


def test_pages_of_lines_with_and_without_calls_open(page, shop):
    line = order_of(shop)
    assert "No calls to your server yet" in page_of(page, line)

    call = buying.make_call(line.order)

    assert f"/seller/messages/{call.pk}/" in page_of(page, line)


@pytest.mark.parametrize(
    ("mode", "english", "chinese"),
    [
        ("PERIOD", "Monthly · 3 months", "按月 · 3 个月"),
        ("ONE_TIME", "One-time purchase", "一次性购买"),
        ("ON_DEMAND", "On demand · ¥ 0.0025 / call", "按需 · ¥ 0.0025 / 次调用"),
        ("ON_DEMAND_PKG", "Package of 30,000 calls · 3 months", "套餐包 30,000 次调用 · 3 个月"),
    ],
)
def test_charging_mode_is_named_with_its_included_usage(page, shop, mode, english, chinese):
    buyer = people.make_buyer()
    product = products.make_product(shop.seller, prices=(MONTHLY, ONCE, ON_DEMAND, PACKAGE))
    if mode == "ON_DEMAND_PKG":
        opened = buying.make_order(buyer, offer=products.make_offer(product, mode="ON_DEMAND"), paid=True)
        buying.make_subscription(opened)
    offer = products.make_offer(product, mode=mode)
    order = buying.make_order(buyer, offer=offer, periods=3 if offer.period_type else 1)
    line = OrderLine.objects.get(order=order)
    for language, words in (("en", english), ("zh-hans", chinese)):
        page.cookies["django_language"] = language
        text = re.sub(r"<[^>]+>", "", page_of(page, line))
        assert f" {words} {mode} " in f" {' '.join(text.split())} "


def test_failed_free_order_mentions_no_refund(page, shop):
    product = products.make_product(shop.seller, prices=(ON_DEMAND,))
    order = buying.make_order(people.make_buyer(), offer=products.make_offer(product), paid=True)
    give_up_order(order, now=people.NOW, reason="connect")
    line = OrderLine.objects.get(order=order)

    text = page_of(page, line)

    assert "Closed, not charged" in text
    assert "Accepted, no payment due" in text
    assert "Not deliverable, closed without charge" in text
    assert "efunded" not in text
    assert "Paid by the buyer" not in text
    listed = page.get("/seller/orders/").content.decode()
    assert "Closed, not charged" in listed


def test_end_of_a_service_is_explained(page, shop):
    line = order_of(shop)
    subscription = buying.make_subscription(line.order)
    for event in (SubscriptionEvent.END, SubscriptionEvent.RELEASE):
        SUBSCRIPTION.move(subscription, event, now=people.NOW)

    text = page_of(page, line)

    assert "Service ended" in text
    assert "Instance released" in text
    assert "<strong>releasing</strong>" not in text
