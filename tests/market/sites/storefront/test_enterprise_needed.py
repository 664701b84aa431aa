"""Joint products state before the purchase that an enterprise is required, and refuse without one."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_buyer
from tests.factories.joint import make_application, make_binding
from tests.factories.organisations import make_admin, make_enterprise_member
from tests.factories.products import make_offer, make_product
from tests.market.sites.storefront.forms import form_of, page_of
from tradepost.market.applications.models import Application
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.organisations.models import Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def offer() -> Offer:
    application = make_application()
    product = make_product(application.seller)
    application.product = product
    application.save(update_fields=["product"])
    return make_offer(product)


def browser(user: User | None, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    if user is not None:
        client.force_login(user)
    return client


def order(offer: Offer, user: User) -> tuple[int, str]:
    """Submit the form of the checkout and return the response."""
    page = browser(user).post(f"/checkout/{offer.sku.spec.product_id}/", {"agreed": "on"})
    return page.status_code, page.text


def test_buyer_without_an_enterprise_is_told_to_create_one(offer: Offer) -> None:
    buyer, product = make_buyer(), offer.sku.spec.product
    for url in (f"/products/{product.slug}/", f"/checkout/{product.pk}/"):
        shown = browser(buyer).get(url).text
        assert ("Create your enterprise first" in shown, 'href="/enterprise/new/"' in shown) == (True, True), url
    assert "Place the order" not in browser(buyer).get(f"/checkout/{product.pk}/").text
    status, text = order(offer, buyer)
    assert (status, "Create your enterprise first" in text) == (422, True)
    assert not Order.objects.exists()
    assert "请先创建企业" in browser(buyer, "zh-hans").get(f"/products/{product.slug}/").text


def test_member_is_told_whom_to_ask(offer: Offer) -> None:
    admin, buyer = make_admin(name="Lantian"), make_buyer()
    make_enterprise_member(admin, buyer)
    status, text = order(offer, buyer)
    assert (status, "Only the person who founded Lantian can buy for it." in text) == (422, True)
    assert admin.name in text


def test_founder_without_rights_is_told_whom_to_ask(offer: Offer) -> None:
    admin = make_admin(make_buyer(), name="Lantian")
    other = make_enterprise_member(admin, make_buyer(), role=Member.Role.ADMIN)
    Member.objects.filter(pk=admin.pk).update(role=Member.Role.USER)
    status, text = order(offer, admin.user)
    assert (status, "no longer its administrator" in text, other.name in text) == (422, True, True)
    assert not Order.objects.exists()


def test_founder_buys_and_a_visitor_reads_the_requirement(offer: Offer) -> None:
    product = offer.sku.spec.product
    visitor = browser(None).get(f"/products/{product.slug}/").text
    assert "You need an account and an enterprise here before you can buy" in visitor
    admin = make_admin(make_buyer())
    client = browser(admin.user)
    shown = page_of(client, f"/checkout/{product.pk}/")
    assert ("For enterprises" in shown, "Place the order" in shown) == (True, True)
    assert client.post(f"/checkout/{product.pk}/", form_of(shown)).status_code == 302
    assert Order.objects.get().buyer == admin.user


def test_enterprise_that_uses_the_application_is_told_that_it_can_be_bound_once() -> None:
    """The purchase is not refused: the buyer may create another enterprise for it."""
    binding = make_binding()
    assert binding.subscription is not None
    make_enterprise_member(
        Member(enterprise=binding.enterprise), binding.subscription.buyer, role=Member.Role.ADMIN, user_name="li.lei"
    )
    client, product = browser(binding.subscription.buyer), binding.subscription.product
    words = "it can be bound only once"
    assert words in client.get(f"/products/{product.slug}/").text
    Application.objects.update(multi_instance=True)
    assert words not in client.get(f"/products/{product.slug}/").text


def test_other_products_do_not_mention_enterprises() -> None:
    product = make_offer().sku.spec.product
    assert "For enterprises" not in browser(None).get(f"/products/{product.slug}/").text
