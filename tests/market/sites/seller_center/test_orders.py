"""A seller's orders: of the buyer only what the product asked for, and only after payment."""

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


def shown(page, line: OrderLine) -> str:
    return page.get(f"/seller/orders/{line.number}/").content.decode()


def test_contacts_stay_hidden_unless_the_product_asks(page, shop):
    """saas-v2 §1.5: mobile phone and e-mail only when the product requests them."""
    text = shown(page, order_of(shop))

    assert "蓝天贸易" in text
    assert "13800001234" not in text
    assert "li.lei" not in text


def test_contacts_that_the_product_asks_for_show_after_payment(page, shop):
    text = shown(page, order_of(shop, asks=True))

    assert "13800001234" in text
    assert "li.lei@lantian.example" in text


def test_contacts_stay_hidden_before_payment(page, shop):
    text = shown(page, order_of(shop, paid=False, asks=True))

    assert "13800001234" not in text
    assert "li.lei" not in text


def test_access_data_of_the_buyer_never_shows(page, shop):
    line = order_of(shop)
    subscription = buying.make_subscription(line.order)

    text = shown(page, line)

    assert subscription.instance_id in text
    assert buying.ACCESS.password not in text
    assert "Instance opened" in text
    assert "Paid by the buyer" in text


def test_search_and_status_narrow_the_list(page, shop):
    paid, unpaid = order_of(shop), order_of_second(shop)

    def found(**query: str) -> list[str]:
        return [line.number for line, _ in page.get("/seller/orders/", query).context["rows"]]

    assert found() == [unpaid.number, paid.number]
    assert found(status="processing") == [paid.number]
    assert found(status="unpaid") == [unpaid.number]
    assert found(q=paid.number[:19].lower()) == [paid.number]
    assert found(q=unpaid.product_name_en.upper()) == [unpaid.number]
    assert found(q="nothing like it") == []


def order_of_second(shop) -> OrderLine:
    order = buying.make_order(offer=products.make_offer(products.make_product(shop.seller, name_en="Zebra")))
    return OrderLine.objects.get(order=order)


def test_a_line_without_calls_and_one_with_both_open(page, shop):
    line = order_of(shop)
    assert "Nothing was asked of your server yet" in shown(page, line)

    call = buying.make_call(line.order)

    assert f"/seller/messages/{call.pk}/" in shown(page, line)


@pytest.mark.parametrize(
    ("mode", "english", "chinese"),
    [
        ("PERIOD", "Monthly · 3 months", "按月 · 3 个月"),
        ("ONE_TIME", "One-time purchase", "一次性购买"),
        ("ON_DEMAND", "On demand · ¥ 0.0025 / call", "按需 · ¥ 0.0025 / 次调用"),
        ("ON_DEMAND_PKG", "Package of 30,000 calls · 3 months", "套餐包 30,000 次调用 · 3 个月"),
    ],
)
def test_the_charging_mode_is_said_in_words_with_what_usage_is_included(page, shop, mode, english, chinese):
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
        text = re.sub(r"<[^>]+>", "", shown(page, line))
        assert f" {words} {mode} " in f" {' '.join(text.split())} "


def test_an_order_that_cost_nothing_and_was_given_up_speaks_of_no_refund(page, shop):
    product = products.make_product(shop.seller, prices=(ON_DEMAND,))
    order = buying.make_order(people.make_buyer(), offer=products.make_offer(product), paid=True)
    give_up_order(order, now=people.NOW, reason="connect")
    line = OrderLine.objects.get(order=order)

    text = shown(page, line)

    assert "Closed, not charged" in text
    assert "Accepted, nothing to pay" in text
    assert "Could not be delivered: closed, nothing was charged" in text
    assert "efunded" not in text
    assert "Paid by the buyer" not in text
    listed = page.get("/seller/orders/").content.decode()
    assert "Closed, not charged" in listed


def test_the_end_of_a_service_is_told_in_words(page, shop):
    line = order_of(shop)
    held = buying.make_subscription(line.order)
    for event in (SubscriptionEvent.END, SubscriptionEvent.RELEASE):
        SUBSCRIPTION.move(held, event, now=people.NOW)

    text = shown(page, line)

    assert "Service ended: nobody can enter it any more" in text
    assert "Instance released" in text
    assert "<strong>releasing</strong>" not in text
