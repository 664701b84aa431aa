"""Obstacles to a purchase are shown at checkout, even if the form has no field for them (business-rules §2.8)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from tests import factories
from tests.factories.people import NOW
from tests.market.sites.storefront.forms import form_of, page_of, text_of
from tradepost.market.catalog import controls
from tradepost.market.catalog.models import Stock
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order

pytestmark = pytest.mark.django_db

SOLD_OUT = "Temporarily sold out."
LIMIT = "This can be bought only once, and you have already bought it."


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("refusal", "words"), [("sold_out", SOLD_OUT), ("limit", LIMIT)])
def test_refusal_is_shown_above_a_form_without_a_quantity(refusal: str, words: str, language: str) -> None:
    buyer: User = factories.make_buyer()
    offer = factories.make_offer(factories.make_product())
    product = offer.sku.spec.product
    client = Client(headers={"accept-language": language})
    client.force_login(buyer)
    page = page_of(client, f"/checkout/{product.pk}/")
    assert 'name="quantity"' not in page
    if refusal == "sold_out":
        Stock.objects.create(product=product, total=1, used=1)
    else:
        factories.make_order(buyer, offer=offer, paid=True)
        controls.set_limit(product, maximum=1, until_expiry=False, now=NOW, by="x")
    before = Order.objects.count()
    answer = client.post(f"/checkout/{product.pk}/", form_of(page))
    assert answer.status_code == 422
    note = text_of(answer).partition('role="alert">')[2].partition("</form>")[0]
    with translation.override(language):
        assert (translation.gettext(words) != words) == (language != "en")
        assert translation.gettext(words) in note
    assert Order.objects.count() == before


def test_refused_part_of_a_page_shows_its_refusal_above_the_page() -> None:
    """htmx drops responses with an error status unless they name their target."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(factories.make_buyer())
    answer = client.post("/profile/", {"name": "a\0b"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (400, "#tp-refused")
    assert "cannot be stored" in text_of(answer)
    assert "<html" not in text_of(answer)
    assert 'id="tp-refused"' in page_of(client, "/profile/")
