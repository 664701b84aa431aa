"""Agreements that a buyer accepts with an order (business-rules §1.5, §4.2), and where buyer, seller and operator read
them later (§1.3)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.factories.people import NOW, make_buyer, make_operator, make_seller
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.catalog import delist, drafts
from tradepost.market.catalog.listing import list_draft, listed_document
from tradepost.market.catalog.models import Product
from tradepost.market.identity import agreements
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.protocols.text import Text

pytestmark = pytest.mark.django_db
TERMS = Text(en="## Service level\n\n99.9 % a month.", zh="## 服务等级\n\n每月可用性 99.9%。")
SECOND = "第二版协议。" * 30
CHANGED = {
    "buyer": ("the buyer agreement", "用户购买协议"),
    "publish": ("the product service agreement", "商品服务协议"),
    "terms": ("the seller’s additional terms", "商家附加条款"),
}


def client_of(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def text(answer, *, between: str = " ") -> str:
    """Return the visible text. ``between``: replacement of a tag; an empty one shows where words and commas touch."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", between, answer.content.decode()))


def form_of(page: str, **other: str) -> dict[str, str]:
    names = re.findall(r'<input type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', page)
    return {**dict(names), "plan": "PERIOD-month", "periods": "1", "quantity": "1", "agreed": "on"} | other


def shown_form(client: Client, product: Product) -> dict[str, str]:
    form = form_of(client.get(reverse("storefront:checkout", args=[product.pk])).content.decode())
    assert form["agreements"]
    return form


def buy(client: Client, product: Product) -> OrderLine:
    answer = client.post(reverse("storefront:checkout", args=[product.pk]), shown_form(client, product))
    assert answer.status_code == 302
    return OrderLine.objects.latest("pk")


def change(agreement: str, product: Product) -> None:
    """Publish a new version of one of the three texts."""
    if agreement != "terms":
        agreements.publish(
            agreement,
            text=SECOND,
            text_en="The second version. " * 10,
            change="new",
            by=make_operator(),
            now=clock.now(),
        )
        return
    product = Product.objects.get(pk=product.pk)
    document = listed_document(product)
    assert document is not None
    terms = replace(document.purchase, terms=Text(en="99 % a month.", zh="每月可用性 99%。"))
    drafts.save_section(product, "purchase", terms, seen=0, by=None, now=clock.now())
    list_draft(product, currency="CNY", now=clock.now())


def test_checkout_shows_both_agreements_and_the_order_keeps_their_versions() -> None:
    """§1.5: "becomes effective by ticking at order"."""
    product, client = factories.make_product(terms=TERMS), client_of(make_buyer())
    page = text(client.get(reverse("storefront:checkout", args=[product.pk])), between="")
    assert "Product service agreement, version 1, with additional terms of the seller" in page
    assert "Buyer agreement, version 1" in page
    line = buy(client, product)
    assert line.service_agreement is not None
    assert line.buyer_agreement is not None
    assert (line.service_agreement.kind, line.service_agreement.number) == ("publish", 1)
    assert (line.buyer_agreement.kind, line.buyer_agreement.number) == ("buyer", 1)
    offered = text(client.get(reverse("storefront:service_agreement", args=[product.slug])))
    assert "Service level 99.9 % a month." in offered


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("agreement", CHANGED)
def test_agreement_changed_after_it_was_shown_is_refused_and_shown_again(agreement: str, language: str) -> None:
    product, buyer = factories.make_product(terms=TERMS), make_buyer()
    client = client_of(buyer, language)
    form = shown_form(client, product)
    change(agreement, product)
    answer = client.post(reverse("storefront:checkout", args=[product.pk]), form)
    assert answer.status_code == 422
    assert CHANGED[agreement][language != "en"] in text(answer)
    assert not Order.objects.filter(buyer=buyer).exists()
    page = answer.content.decode()
    box = re.search(r'<input class="form-check-input[^>]*id="agreed"[^>]*>', page)
    assert box is not None
    assert "checked" not in box[0], "the consent to the earlier text does not count for the new one"
    second_form = form_of(page)
    assert second_form["agreements"] != form["agreements"]
    assert client.post(reverse("storefront:checkout", args=[product.pk]), second_form).status_code == 302


def test_seller_is_bound_by_the_version_that_it_accepted() -> None:
    """§1.5: parties "seller + user": a version published by the operator binds a seller that accepts it."""
    owner = make_buyer(balance="0")
    seller = make_seller(member=owner)
    _accept(seller, owner, NOW)
    change("publish", factories.make_product())
    product, client = factories.make_product(seller), client_of(make_buyer())
    assert _service_agreement(buy(client, product)) == 1
    _accept(seller, owner, clock.now())
    assert _service_agreement(buy(client, product)) == 2


def _accept(seller: Seller, owner: User, now: datetime) -> None:
    current = agreements.in_force("publish", now=now)
    assert current is not None
    agreements.accept(seller, current, by=owner, now=now)


def _service_agreement(line: OrderLine) -> int:
    assert line.service_agreement is not None
    return line.service_agreement.number


def test_order_shows_its_agreements_after_changes_and_the_end_of_the_sale() -> None:
    owner, buyer, operator = make_buyer(balance="0"), make_buyer(), make_operator()
    seller = make_seller(member=owner)
    product, client = factories.make_product(seller, terms=TERMS), client_of(buyer)
    line = buy(client, product)
    before = text(client.get(reverse("storefront:order_agreements", args=[line.order.number])))
    assert "99.9 % a month" in before
    assert "Product service agreement Version 1" in before
    assert "Buyer agreement Version 1" in before
    for agreement in CHANGED:
        change(agreement, product)
    delist.stop(Product.objects.get(pk=product.pk), reason="End of life", actor="s", now=clock.now())
    Order.objects.filter(pk=line.order_id).update(pay_before=clock.now() + timedelta(days=3))
    page = client.get(reverse("storefront:order_agreements", args=[line.order.number]))
    assert text(page) == before
    order_page = client.get(reverse("storefront:order", args=[line.order.number])).content.decode()
    assert reverse("storefront:order_agreements", args=[line.order.number]) in order_page
    for_seller = text(client_of(owner).get(reverse("seller_center:order_agreement", args=[line.number])))
    assert "99.9 % a month" in for_seller
    assert "Buyer agreement Version" not in for_seller, "it is between the buyer and the market"
    for_operator = text(client_of(operator).get(reverse("console:order_agreements", args=[line.order.number])))
    assert "99.9 % a month" in for_operator
    assert "Buyer agreement Version 1" in for_operator


def test_agreements_of_other_buyers_are_not_found() -> None:
    line = buy(client_of(make_buyer()), factories.make_product())
    other = client_of(make_buyer())
    assert other.get(reverse("storefront:order_agreements", args=[line.order.number])).status_code == 404
    another = make_buyer(balance="0")
    make_seller(member=another)
    assert client_of(another).get(reverse("seller_center:order_agreement", args=[line.number])).status_code == 404


@pytest.mark.parametrize(("language", "names"), [
    ("en", ("Product service agreement", "Buyer agreement")), ("zh-hans", ("商品服务协议", "用户购买协议")),
])  # fmt: skip
def test_my_agreements_lists_version_time_and_order(language: str, names: tuple[str, str]) -> None:
    """§1.3: "My agreements: product and user agreements signed with time"."""
    buyer = make_buyer()
    client = client_of(buyer, language)
    empty = client.get(reverse("storefront:agreements"))
    assert empty.context["page"].rows == []
    line = buy(client, factories.make_product())
    page = client.get(reverse("storefront:agreements"))
    assert all(name in text(page) for name in names)
    assert page.content.decode().count(line.order.number) >= 4
    assert client_of(make_buyer()).get(reverse("storefront:agreements")).context["page"].rows == []
    assert reverse("storefront:agreements") in client.get("/").content.decode(), "the account menu leads there"
