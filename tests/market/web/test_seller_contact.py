"""The contact for questions about a purchase (business-rules §2.3 "Service support", §9 "Seller contact")."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import translation

from tests import factories
from tests.factories import NOW
from tradepost.market.catalog.document import Support
from tradepost.market.identity.company_models import Company
from tradepost.market.identity.models import Seller
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.templatetags.ui import telephone
from tradepost.protocols.text import Text

pytestmark = [pytest.mark.django_db]
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-Hans"}


def make_company(seller: Seller, days: int = 5, opens: str = "09:00", closes: str = "18:00") -> Company:
    return Company.objects.create(
        seller=seller, registration_number="91440300708461136T", founded_on=dt.date(2020, 1, 1), capital=1, staff=20,
        province="广东", city="深圳", street="1", contact_name="林", contact_phone="1", contact_email="a@a.example",
        service_days=days, service_from=opens, service_until=closes, updated_at=NOW,
    )  # fmt: skip


HOURS = {
    "names its zone": (Text(zh="工作日 9:00–18:00（北京时间）", en="Working days 9:00–18:00, Beijing time"), ""),
    "by UTC": (Text(zh="每天 8:00–20:00 UTC+8", en="Daily 8:00–20:00 UTC+8"), ""),
    "in one language alone": (Text(zh="工作日 9:00–18:00（北京时间）", en="Working days 9:00–18:00"), "UTC+8"),
    "without a zone": (Text(zh="工作日 9:00–18:00", en="Working days 9:00–18:00"), "UTC+8"),
}


@pytest.mark.parametrize("written", HOURS)
def test_hours_have_a_time_zone(written: str) -> None:
    """§2.3: "service time (with time zone INTL)": the default is the market's time zone."""
    hours, zone = HOURS[written]
    assert contact_of(factories.make_seller(), support=Support(hours=hours)).zone == zone


def test_contact_of_a_product_overrides_that_of_its_seller() -> None:
    seller = factories.make_seller(contact_phone="0755-1", contact_email="all@a.example")
    contact = contact_of(seller, support=Support(phone="400-1", email="docs@a.example"))
    assert (contact.hotline, contact.mail) == ("400-1", "docs@a.example")
    silent = contact_of(seller)
    assert (silent.hotline, silent.mail, silent.has_hours) == ("0755-1", "all@a.example", False)


@pytest.mark.parametrize(
    ("hours", "english", "chinese"),
    [
        ((5, "09:00", "18:00"), "Monday to Friday, 09:00–18:00", "周一至周五 09:00–18:00"),
        ((6, "08:30", "20:00"), "Monday to Saturday, 08:30–20:00", "周一至周六 08:30–20:00"),
        ((7, "00:00", "00:00"), "every day, around the clock", "每天 24 小时"),
    ],
)
def test_product_without_hours_shows_those_of_its_company(
    hours: tuple[int, str, str], english: str, chinese: str
) -> None:
    seller = factories.make_seller()
    make_company(seller, *hours)
    contact = contact_of(seller)
    with translation.override("en"):
        assert contact.service_time == english
    with translation.override("zh-hans"):
        assert contact.service_time == chinese
    assert contact.zone == "UTC+8"
    assert contact_of(seller, support=Support(hours=HOURS["by UTC"][0])).opens == ""


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("400-800-1234", "4008001234"),
        ("+86 (755) 1234 5678", "+8675512345678"),
        ("0755-12345678 转 801", "075512345678,801"),
    ],
)
def test_hotline_can_be_dialled(written: str, dialled: str) -> None:
    """§9: "pre-sales extension (400 + extension)"."""
    assert telephone(written) == dialled


def test_product_order_and_service_show_the_same_contact(client: Client) -> None:
    """§9: "Seller contact"; issue 12: on product, order and service pages from one component."""
    buyer = factories.make_buyer()
    product = factories.make_product(contact_phone="400-800-9999", contact_email="help@a.example")
    make_company(product.seller)
    order = factories.make_order(buyer, offer=factories.make_offer(product), paid=True)
    subscription = factories.make_subscription(order)
    client.force_login(buyer)
    for path in (f"/products/{product.slug}/", f"/orders/{order.number}/", f"/services/{subscription.pk}/"):
        english = client.get(path, headers=EN).content.decode()
        assert 'href="tel:4008009999"' in english
        assert 'href="mailto:help@a.example"' in english
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", english))
        assert "Monday to Friday, 09:00–18:00 UTC+8" in text, path
        assert "周一至周五 09:00–18:00" in client.get(path, headers=ZH).content.decode()
