"""Making a trial formal: what it becomes, from when to when, at which price; ordered once, by who holds it alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests import factories
from tests.market import engine
from tests.market.fulfilment.services import bought, done, open_call
from tests.market.fulfilment.trials import SPEC
from tests.market.sites.storefront.forms import form_of, page_of, text_of
from tradepost.market.base import clock
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy
from tradepost.market.orders.models import Order, Quote
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="5300", level="V1")
    client.force_login(buyer)
    return buyer


def trial(buyer: User, *, protocol: str = "saas_v2", age: timedelta = DAY) -> Subscription:
    """Of fifteen days, begun ``age`` ago."""
    then, seller = clock.now() - age, factories.make_seller()
    product = factories.make_product(
        seller, address=factories.make_address(seller, protocol=protocol), specs=(SPEC,), now=then
    )
    offer = Offer.objects.get(sku__spec__product=product, trial=True)
    order = buy(buyer, PlaceOrder(product_id=offer.product_id, periods=15, agreed=True), now=then, unpaid_timeout=DAY)
    return bought(order, now=then)


def test_the_page_of_a_trial_leads_there_first(client: Client, buyer: User) -> None:
    """business-rules §3.5."""
    held = trial(buyer)
    page = page_of(client, f"/services/{held.pk}/")
    assert f'class="btn btn-accent" href="/services/{held.pk}/formal/"' in page
    assert f"/services/{held.pk}/renew/" not in page
    assert "Trial until" in page


def test_it_is_ordered_at_the_price_that_was_shown_and_followed(client: Client, buyer: User) -> None:
    held = trial(buyer)
    address = f"/services/{held.pk}/formal/"
    page = page_of(client, address)
    assert "Paid time begins" in page
    assert "The trial is used up first" in page
    assert page.count('name="plan"') == 2, "month and year; the trial is no choice any more"
    answer = client.post(address, form_of(page, quantity="1", agreed="on"))
    assert answer.status_code == 302, text_of(answer)
    order = Order.objects.get(order_type="TRIAL_TO_FORMAL")
    assert (order.total_minor, order.buyer) == (10_000, buyer)
    assert Quote.objects.get(order=order).total_minor == 10_000
    assert client.post(f"/orders/{order.number}/pay/").status_code == 302
    engine.react(now=clock.now())
    page = page_of(client, f"/orders/{order.number}/")
    assert "Your trial is becoming formal" in page
    assert "The seller makes your trial formal" in page
    assert "Making your trial formal" in page_of(client, f"/services/{held.pk}/")
    done(open_call(), now=clock.now())
    page = page_of(client, f"/services/{held.pk}/")
    assert "Made formal, until" in page
    assert "Trial until" in page, "its past"
    assert "Formal now" in page_of(client, f"/orders/{order.number}/")
    assert "This service is not a trial" in page_of(client, address)


def test_another_edition_and_quantity_have_their_price(client: Client, buyer: User) -> None:
    held = trial(buyer)
    page = page_of(client, f"/services/{held.pk}/formal/?attr_e=l&plan=PERIOD-month&periods=3&quantity=2")
    assert "¥\xa01,440.00" in page
    assert client.post(f"/services/{held.pk}/formal/", form_of(page, periods="3", quantity="2")).status_code == 302
    assert Order.objects.get(order_type="TRIAL_TO_FORMAL").total_minor == 144_000


def test_a_price_that_moved_is_shown_again_and_not_charged(client: Client, buyer: User) -> None:
    """business-rules §3: what is charged is what was quoted."""
    held = trial(buyer)
    address = f"/services/{held.pk}/formal/"
    form = form_of(page_of(client, address))
    Offer.objects.filter(sku__spec__product=held.product, trial=False).update(price_minor=11_100)
    answer = client.post(address, form)
    assert answer.status_code == 409
    assert "The price changed from ¥\xa0100.00 to ¥\xa0111.00" in text_of(answer)
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()
    without = form | {"quote": ""}
    assert client.post(address, without).status_code == 409
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()


def test_what_is_wrong_stands_beside_its_field(client: Client, buyer: User) -> None:
    held = trial(buyer)
    address = f"/services/{held.pk}/formal/"
    form = form_of(page_of(client, address))
    answer = client.post(address, {name: value for name, value in form.items() if name != "agreed"})
    assert (answer.status_code, 'id="agreed_error"' in text_of(answer)) == (400, True)
    answer = client.post(address, form | {"quantity": "51"})
    assert (answer.status_code, 'id="quantity_error"' in text_of(answer)) == (400, True)
    answer = client.post(address, form | {"plan": "PERIOD-day-trial"})
    assert (answer.status_code, "not on sale any more" in text_of(answer)) == (409, True)
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()


def test_the_second_tab_orders_nothing(client: Client, buyer: User) -> None:
    """business-rules §4.1."""
    held = trial(buyer)
    address = f"/services/{held.pk}/formal/"
    form = form_of(page_of(client, address))
    assert client.post(address, form).status_code == 302
    answer = client.post(address, form)
    [order] = Order.objects.filter(order_type="TRIAL_TO_FORMAL")
    assert answer.status_code == 409
    assert f"/orders/{order.number}/" in text_of(answer)
    assert "not paid yet" in page_of(client, address)


def test_where_the_seller_would_not_learn_it_the_quantity_is_no_choice(client: Client, buyer: User) -> None:
    """saas-v1-license A2.3."""
    held = trial(buyer, protocol="saas_v1")
    address = f"/services/{held.pk}/formal/"
    page = page_of(client, address)
    assert 'name="quantity"' not in page
    assert "The number stays as you have it" in page
    assert client.post(address, form_of(page, quantity="9")).status_code == 302
    [line] = Order.objects.get(order_type="TRIAL_TO_FORMAL").lines.all()
    assert line.quantity == 1


def test_an_ended_trial_is_told_until_when_it_can_be_made_formal(client: Client, buyer: User) -> None:
    """business-rules §4.4."""
    held = trial(buyer, age=16 * DAY)
    add_reason(locked_subscriptions([held.pk]), Freeze.Reason.EXPIRED, actor="market", now=clock.now())
    page = page_of(client, f"/services/{held.pk}/")
    assert "Make it formal before then and it goes on." in page
    page = page_of(client, f"/services/{held.pk}/formal/")
    assert "when you pay" in page
    assert "pay before then and the service goes on with it" in page


@pytest.mark.parametrize("why", ["foreign", "too late", "withdrawn", "bought"])
def test_where_nothing_can_be_had_nothing_is_offered(client: Client, buyer: User, why: str) -> None:
    if why == "bought":
        held = factories.make_subscription(factories.make_order(buyer, paid=True))
    else:
        holder = factories.make_buyer() if why == "foreign" else buyer
        held = trial(holder, age=40 * DAY if why == "too late" else DAY)
    if why == "withdrawn":
        Product.objects.update(status=Product.Status.STOPPED)
    address = f"/services/{held.pk}/formal/"
    if why == "foreign":
        assert client.get(address).status_code == client.post(address, {"agreed": "on"}).status_code == 404
        return
    page = page_of(client, address)
    assert 'id="order"' not in page
    assert client.post(address, {"agreed": "on"}).status_code in {404, 409}
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()
