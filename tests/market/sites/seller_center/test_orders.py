"""A seller's orders: of the buyer only what the product asked for, and only after payment."""

from __future__ import annotations

from tests.factories import buying, people, products
from tradepost.market.orders.models import OrderLine


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
