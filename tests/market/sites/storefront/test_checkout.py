"""Ordering: the price follows the choice, refusals are shown beside their field, and the input is kept."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from django.utils import translation

from tests import factories
from tests.factories.products import MONTHLY, SEATS, YEARLY, make_sku, make_spec
from tradepost.market.base.values import replace
from tradepost.market.catalog import drafts
from tradepost.market.catalog.document import Band, Price
from tradepost.market.catalog.listing import list_draft, listed_document
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order, OrderLine, Quote
from tradepost.market.web.agreement_text import pay_time

pytestmark = pytest.mark.django_db
DOMAIN = {"name": "domain", "label": "企业域名", "label_en": "Company domain", "required": True}
NOTE = {"name": "note", "label": "备注", "label_en": "Note", "required": False}


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer()
    client.force_login(buyer)
    return buyer


def seats(**fields: Any) -> Product:
    return factories.make_product(specs=(make_spec(SEATS, name="标准", name_en="Standard"),), **fields)


def form(**fields: str) -> dict[str, str]:
    return {"plan": "PERIOD-month", "periods": "3", "quantity": "2", "total": "60000", "agreed": "on"} | fields


def address(product: Product) -> str:
    return f"/checkout/{product.pk}/"


def test_stranger_signs_in_first(client: Client) -> None:
    product = factories.make_product()
    assert client.get(address(product))["Location"] == f"/account/login/?next=/checkout/{product.pk}/"
    assert client.post(address(product), form()).status_code == 302
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("", "¥\xa0100.00"),
        ("?plan=PERIOD-month&periods=3&quantity=2", "¥\xa0600.00"),
        ("?plan=PERIOD-month&periods=6&quantity=50", "¥\xa030,000.00"),
    ],
)
def test_price_follows_the_choice(client: Client, buyer: User, query: str, total: str) -> None:
    """business-rules §3.3: unit price × quantity × number of periods."""
    page = client.get(address(seats()) + query).content.decode()
    assert f'<strong class="tp-price tp-price-lg">{total}</strong>' in page


@pytest.mark.parametrize("quantity", ["0", "51", "x", "-1", "1.5", "9" * 40])
def test_unavailable_quantity_names_the_available_ones(client: Client, buyer: User, quantity: str) -> None:
    product = seats()
    page = client.get(f"{address(product)}?quantity={quantity}").content.decode()
    assert "Choose a quantity from 1 to 50 in steps of 1." in page
    assert 'name="total"' not in page
    answer = client.post(address(product), form(quantity=quantity))
    assert answer.status_code == 422
    assert f'value="{quantity}"' in answer.content.decode()
    assert not Order.objects.exists()


def test_order_contains_the_choice_and_leads_to_its_payment(client: Client, buyer: User) -> None:
    product = seats(extend_params=[DOMAIN, NOTE])
    answer = client.post(address(product), form(param_domain=" lantian.example ", param_note=""))
    order = Order.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/orders/{order.number}/")
    line = OrderLine.objects.get()
    assert (order.buyer, order.status, order.total_minor) == (buyer, Order.Status.UNPAID, 60_000)
    assert (line.period_type, line.period_number, line.quantity) == ("month", 3, 2)
    assert line.extend_params == [{"name": "domain", "value": "lantian.example"}]


def test_refusal_is_shown_beside_its_field_and_keeps_the_input(client: Client, buyer: User) -> None:
    product = seats(extend_params=[DOMAIN, NOTE])
    answer = client.post(address(product), form(param_domain="", param_note="<to keep>"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="param_domain_error"' in page
    assert 'value="&lt;to keep&gt;"' in page
    assert re.search(r'<option value="3"\s+selected>', page)
    assert "checked" in page.split('id="agreed"')[1][:200]
    assert not Order.objects.exists()


def test_nothing_is_ordered_without_the_agreement(client: Client, buyer: User) -> None:
    answer = client.post(address(seats()), form(agreed=""))
    assert answer.status_code == 422
    assert 'id="agreed_error"' in answer.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "changed", [{"plan": "PERIOD-year"}, {"periods": "5"}, {"spec": "0"}, {"attr_edition": "x"}], ids=str
)
def test_only_the_selected_choice_is_ordered(client: Client, buyer: User, changed: dict[str, str]) -> None:
    answer = client.post(address(seats()), form(**changed))
    assert answer.status_code == 422
    assert "Your choice is no longer on sale. The closest one is selected. Check it" in answer.content.decode()
    assert not Order.objects.exists()


def test_only_the_shown_price_is_charged(client: Client, buyer: User) -> None:
    product = seats()
    Offer.objects.update(price_minor=Decimal(20_000))
    answer = client.post(address(product), form())
    assert answer.status_code == 422
    assert "The price has changed. Check it and order again" in answer.content.decode()
    assert 'name="total" value="120000"' in answer.content.decode()
    assert not Order.objects.exists()


def test_product_that_is_off_sale_is_not_found(client: Client, buyer: User) -> None:
    draft, off = factories.make_product(on_sale=False), factories.make_product()
    Offer.objects.filter(sku__spec__product=off).update(on_sale=False)
    for product in (draft, off):
        assert client.get(address(product)).status_code == 404
        assert client.post(address(product), form()).status_code == 404
    assert client.get("/checkout/999999/").status_code == 404


def test_page_names_the_contacts_that_the_seller_gets(client: Client, buyer: User) -> None:
    """saas-v2 §1.5: privacy fields only when the product asks for them."""
    silent = client.get(address(seats())).content.decode()
    asking = client.get(address(seats(asks_mobile=True))).content.decode()
    assert "telephone number for the delivery" not in silent
    assert "The seller gets your telephone number for the delivery." in asking
    assert 'href="/profile/"' in asking


def test_page_takes_the_same_queries_for_any_number_of_offers(
    client: Client, buyer: User, django_assert_num_queries: Any
) -> None:
    for product in (seats(), factories.make_product(prices=(MONTHLY, YEARLY))):
        with django_assert_num_queries(
            14
        ):  # clock, session, user, product, specs, SKUs, offers, target, agreements, frame
            client.get(address(product))


@pytest.mark.parametrize(
    ("minutes", "english", "chinese"),
    [(1440, "1 day", "1天"), (2880, "2 days", "2天"), (120, "2 hours", "2小时"), (90, "90 minutes", "90分钟")],
)
def test_time_to_pay_is_exact_in_the_largest_unit(minutes: int, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert pay_time(minutes) == english
    with translation.override("zh-hans"):
        assert pay_time(minutes) == chinese


def test_agreement_can_be_read_without_signing_in(client: Client) -> None:
    page = client.get("/agreements/buyer/", headers={"Accept-Language": "en"}).content.decode()
    assert "not paid within 1 day is cancelled" in page


# --- quotes and trials --------------------------------------------------------------------------------------------------

STEPS = replace(
    MONTHLY,
    model=PriceModel.STEP,
    amount=None,
    bands=(Band(upto=3, amount=Decimal("0.3")), Band(amount=Decimal("0.2"))),
)
TRIAL = replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True)


def by_seats(price: Price = STEPS) -> Product:
    sku = make_sku(price, quantity_name="席位", quantity_name_en="Seats", quantity_max=50)
    return factories.make_product(specs=(make_spec(sku),))


def quoted(client: Client, product: Product, query: str) -> tuple[dict[str, str], str]:
    """Return the form of the page as it would be submitted."""
    page = client.get(f"{address(product)}?{query}").content.decode()
    quote = re.search(r'name="quote"\s+value="([^"]+)"', page)
    assert quote
    return dict(parse_qsl(query)) | {"agreed": "on", "quote": quote[1]}, page


def test_shown_price_is_explained_charged_and_stored(client: Client, buyer: User) -> None:
    """business-rules §3.3: 3×0.3 + 5×0.2 = 1.90."""
    product = by_seats()
    form, page = quoted(client, product, "plan=PERIOD-month&periods=1&quantity=8")
    for part in ("1 to 3", "3 × ¥\xa00.30", "5 × ¥\xa00.20", "¥\xa01.90"):
        assert part in page
    assert client.post(address(product), form).status_code == 302
    order = Quote.objects.get().order
    assert order.total_minor == OrderLine.objects.get().amount_minor == 190
    assert "5 × ¥\xa00.20" in client.get(f"/orders/{order.number}/").content.decode()


def test_changed_price_is_shown_with_the_old_one_and_the_input_stays(client: Client, buyer: User) -> None:
    product = by_seats()
    form, _page = quoted(client, product, "plan=PERIOD-month&periods=1&quantity=8")
    document = listed_document(product)
    assert document is not None
    (spec,) = document.pricing.specs
    dearer = replace(
        spec.skus[0], prices=(replace(STEPS, bands=(Band(upto=3, amount=Decimal(1)), Band(amount=Decimal(2)))),)
    )
    pricing = replace(document.pricing, specs=(replace(spec, skus=(dearer,)),))
    drafts.save_section(product, "pricing", pricing, seen=0, by=None, now=factories.NOW)
    list_draft(product, currency="CNY", now=factories.NOW)
    answer = client.post(address(product), form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "from ¥\xa01.90 to ¥\xa013.00" in text
    assert 'value="8"' in text
    assert not Order.objects.exists()
    new_quote = re.search(r'name="quote"\s+value="([^"]+)"', text)
    assert new_quote
    assert client.post(address(product), form | {"quote": new_quote[1]}).status_code == 302
    assert Order.objects.get().total_minor == 1300


def test_trial_is_started_once_at_checkout(client: Client, buyer: User) -> None:
    product = factories.make_product(prices=(MONTHLY, TRIAL))
    form, page = quoted(client, product, "plan=PERIOD-day-trial&periods=15&quantity=1")
    assert "Start the trial" in page
    assert "15 days" in page
    assert client.post(address(product), form).status_code == 302
    assert Order.objects.get().order_type == "TRIAL"
    form, _page = quoted(client, product, "plan=PERIOD-day-trial&periods=15&quantity=1")
    answer = client.post(address(product), form)
    assert (
        "You have already tried this edition. A trial is available only once. Choose one of its prices"
        in answer.content.decode()
    )
    assert Order.objects.count() == 1
