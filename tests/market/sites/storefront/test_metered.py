"""On demand and packages on the pages: cost, immediate opening, preconditions, and coverage of a package."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.factories.products import MONTHLY, ON_DEMAND, PACKAGE
from tests.market import engine
from tradepost.market.base.money import Money
from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.sandbox import SandboxAct, start_act
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.identity.models import User
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order
from tradepost.market.payments import debts, ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done, InstanceInfo, UsageInfo

pytestmark = pytest.mark.django_db
COVERS = {"en": "Usage is deducted from the package first", "zh-hans": "用量优先从套餐包中抵扣"}
STOPS = {
    "en": "Usage is deducted from the package. When it is used up, the service stops until you buy another one, and no further usage is charged. A package cannot be renewed or returned",
    "zh-hans": "用完即停",
}


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="0")
    client.force_login(buyer)
    return buyer


def metered(package: Price = PACKAGE, **fields: Any) -> Product:
    return factories.make_product(prices=(ON_DEMAND, package), **fields)


def page_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode().replace("\xa0", " ")))


def test_buyer_in_debt_is_sent_to_pay_before_opening_more(client: Client, buyer: User) -> None:
    """business-rules §4.4; the button is replaced by instructions, and a submitted form is refused with the same text."""
    product = metered()
    debts.book_debt(buyer, factories.make_seller(), Money.of("2.50", "CNY"), reference="1", now=factories.NOW)
    page = client.get(f"/checkout/{product.pk}/")
    assert "You owe ¥ 2.50 for usage" in page.content.decode().replace("\xa0", " ")
    assert 'href="/balance/"' in page.content.decode()
    assert 'href="/charges/?state=open"' in page.content.decode()
    assert "Open it" not in page.content.decode()
    form = {"quantity": "1", "agreed": "on", "plan": "ON_DEMAND-", "total": "0/0.00250000/0"}
    refused = client.post(f"/checkout/{product.pk}/", form)
    assert refused.status_code == 422
    assert "You owe ¥ 2.50 for usage" in refused.content.decode().replace("\xa0", " ")
    assert not Order.objects.exists()
    assert "You owe" not in client.get(f"/checkout/{product.pk}/?plan=ON_DEMAND_PKG-month-10000").content.decode()


def open_service(buyer: User, product: Product) -> Subscription:
    offer = factories.make_offer(product)
    return factories.make_subscription(factories.make_order(buyer, offer=offer, paid=True))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["¥ 0.0025 per call", "¥ 0.0025 / call", "On demand", "¥ 20.00 / month", "Package of 10,000 calls"]),
        ("zh-hans", ["¥ 0.0025 / 次调用", "按需", "¥ 20.00 / 月", "套餐包 10,000 次调用"]),
    ],
)
def test_product_page_shows_the_price_of_usage(client: Client, language: str, words: list[str]) -> None:
    client.cookies["django_language"] = language
    product = metered()
    page = page_of(client, f"/products/{product.slug}/")
    assert [word for word in words if word not in page] == []
    assert words[0] in page_of(client, "/")
    assert COVERS[language] in page
    stopping = metered(package=replace(PACKAGE, stops_when_used_up=True, reset="month"))
    page = page_of(client, f"/products/{stopping.slug}/")
    assert STOPS[language] in page
    assert {"en": "(resets monthly)", "zh-hans": "（每月重置）"}[language] in page
    assert COVERS[language] not in page_of(client, f"/products/{factories.make_product().slug}/")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["To open ¥ 0.00", " Open it ", "There is nothing to pay now", "Usage is billed afterwards"]),
        ("zh-hans", ["开通费用 ¥ 0.00", " 开通 ", "现在无需付款", "先使用后付费"]),
    ],
)
def test_service_on_demand_is_opened_without_payment(
    client: Client, buyer: User, language: str, words: list[str]
) -> None:
    client.cookies["django_language"] = language
    product = metered()
    page = page_of(client, f"/checkout/{product.pk}/?plan=ON_DEMAND-")
    assert [word for word in words if word not in page] == []
    assert COVERS[language] not in page
    form = {"plan": "ON_DEMAND-", "quantity": "1", "total": "0/0.00250000/0", "agreed": "on"}
    answer = client.post(f"/checkout/{product.pk}/", form)
    assert answer.status_code == 302, answer.content.decode()
    order = Order.objects.get()
    assert (order.status, order.total_minor) == (Order.Status.PROCESSING, 0)
    assert not Transfer.objects.exists()
    order_page = page_of(client, f"/orders/{order.number}/")
    assert {"en": "Order accepted, nothing to pay", "zh-hans": "订单已受理，无需付款"}[language] in order_page
    for misleading in ("Payment received", "Pay ¥", "paid back", "已收到付款", "全额退"):
        assert misleading not in order_page


def test_only_the_shown_usage_price_is_ordered(client: Client, buyer: User) -> None:
    product = metered()
    Offer.objects.filter(charging_mode="ON_DEMAND").update(usage_price="0.5")
    form = {"plan": "ON_DEMAND-", "quantity": "1", "total": "0/0.00250000/0", "agreed": "on"}
    answer = client.post(f"/checkout/{product.pk}/", form)
    assert "The price has changed. Check it and order again" in answer.content.decode()
    assert not Order.objects.exists()


def test_package_leads_to_on_demand_first_and_is_then_prepaid(client: Client, buyer: User) -> None:
    """business-rules §3.2."""
    product = metered()
    plan = "ON_DEMAND_PKG-month-10000"
    path = f"/checkout/{product.pk}/"
    form = {"plan": plan, "quantity": "1", "periods": "3", "total": "6000/0.00000000/30000", "agreed": "on"}
    shown = client.get(f"{path}?plan={plan}&periods=3")
    assert shown.context["stamp"] == form["total"]
    text = shown.content.decode()
    assert "open this product on demand first" in text
    assert "plan=ON_DEMAND-" in text
    assert 'type="submit"' not in text[text.index('id="order-button"') :].split("</form>")[0]
    refused = client.post(path, form)
    assert refused.status_code == 422
    assert "open this product on demand first" in refused.content.decode()
    assert not Order.objects.exists()
    open_service(buyer, product)
    page = page_of(client, f"{path}?plan={plan}&periods=3")
    assert "Included usage 30,000 calls" in page
    assert "Total ¥ 60.00" in page
    assert "A package cannot be renewed" in page
    assert COVERS["en"] in page
    assert "open this product on demand first" not in page
    assert client.post(path, form).status_code == 302
    order = Order.objects.get(status=Order.Status.UNPAID)
    assert "To pay ¥ 60.00" in page_of(client, f"/orders/{order.number}/")
    assert "Included usage 30,000 calls" in page_of(client, f"/orders/{order.number}/")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_service_shows_the_usage_reported_by_the_seller(client: Client, buyer: User, language: str) -> None:
    """saas-v2 §3.2: usageInfo of a query."""
    client.cookies["django_language"] = language
    subscription = open_service(buyer, metered())
    page = page_of(client, f"/services/{subscription.pk}/")
    assert COVERS[language] not in page
    assert {"en": "Price ¥ 0.0025 / call", "zh-hans": "¥ 0.0025 / 次调用"}[language] in page
    assert "Paid until" not in page
    trial = SandboxAct(subscription=subscription, act=Act.QUERY, actor="seller@qingxie.example", now=factories.NOW)
    operation = start_act(trial, sandbox=True)
    assert operation is not None
    call = operation.call
    assert call is not None
    used = UsageInfo(value=1234, at=factories.NOW, dashboard_url="javascript:alert(1)")  # type: ignore[arg-type]
    answer = Done(instances=(InstanceInfo(instance_id=subscription.instance_id, usage=(used,)),))
    engine.answer(call, answer, now=factories.NOW)
    page = page_of(client, f"/services/{subscription.pk}/")
    assert {"en": "Used 1,234 calls counted by the seller until", "zh-hans": "已使用 1,234 次调用"}[language] in page
    assert "javascript" not in client.get(f"/services/{subscription.pk}/").content.decode()


def test_package_shows_its_quantity_and_expiry(client: Client, buyer: User) -> None:
    product = metered()
    open_service(buyer, product)
    ledger.top_up(buyer, Money.of(20, "CNY"), reference="B1", actor="operator", now=factories.NOW)
    bought = factories.make_order(buyer, offer=factories.make_offer(product, mode="ON_DEMAND_PKG"), paid=True)
    package = factories.make_subscription(bought)
    page = page_of(client, f"/services/{package.pk}/")
    assert "Valid until 1 Apr 2026" in page
    assert "Included usage 10,000 calls" in page
    assert "Price" not in page.split("Usage")[-1]
    assert "Billing Package of 10,000 calls" in page
    listed = page_of(client, "/services/")
    assert "Package of 10,000 calls" in listed
    assert "On demand" in listed


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_failed_opening_says_that_nothing_was_charged(client: Client, buyer: User, language: str) -> None:
    client.cookies["django_language"] = language
    order = factories.make_order(buyer, offer=factories.make_offer(metered()), paid=True)
    give_up_order(order, now=factories.NOW, reason="000005")
    page = page_of(client, f"/orders/{order.number}/")
    assert {"en": "Nothing was charged.", "zh-hans": "未产生费用"}[language] in page
    assert {"en": "to your balance", "zh-hans": "已退回"}[language] not in page


def test_pages_take_fixed_queries(client: Client, buyer: User, django_assert_num_queries: Any) -> None:
    product = factories.make_product(prices=(MONTHLY, ON_DEMAND, PACKAGE))
    plan = "ON_DEMAND_PKG-month-10000"
    # clock, session, user, product, specs, SKUs, offers, the sold version, services on demand, the sales target,
    # agreements (4), frame
    with django_assert_num_queries(15):
        client.get(f"/checkout/{product.pk}/?plan={plan}")
    subscription = factories.make_subscription(
        factories.make_order(buyer, offer=factories.make_offer(product, mode="ON_DEMAND"), paid=True)
    )
    # clock, session, user, service, order lines, periods, freezes, packages, meter, usage, months of usage, operations,
    # history, refunds, contact (2), the question to the seller (3), its enterprise, frame
    with django_assert_num_queries(22):
        client.get(f"/services/{subscription.pk}/")
