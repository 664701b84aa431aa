"""Making a trial formal: new state, period and price; ordered once, only by its holder."""

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


def make_trial(buyer: User, *, protocol: str = "saas_v2", age: timedelta = DAY) -> Subscription:
    """A trial of fifteen days, begun ``age`` ago."""
    then, seller = clock.now() - age, factories.make_seller()
    product = factories.make_product(
        seller, address=factories.make_address(seller, protocol=protocol), specs=(SPEC,), now=then
    )
    offer = Offer.objects.get(sku__spec__product=product, trial=True)
    order = buy(buyer, PlaceOrder(product_id=offer.product_id, periods=15, agreed=True), now=then, unpaid_timeout=DAY)
    return bought(order, now=then)


def test_page_of_a_trial_links_there_first(client: Client, buyer: User) -> None:
    """business-rules §3.5."""
    subscription = make_trial(buyer)
    page = page_of(client, f"/services/{subscription.pk}/")
    assert f'class="btn btn-accent" href="/services/{subscription.pk}/formal/"' in page
    assert f"/services/{subscription.pk}/renew/" not in page
    assert "Trial until" in page


def test_it_is_ordered_at_the_shown_price_and_followed(client: Client, buyer: User) -> None:
    subscription = make_trial(buyer)
    address = f"/services/{subscription.pk}/formal/"
    page = page_of(client, address)
    assert "Paid period starts" in page
    assert "The remaining trial time is used first. The service is not interrupted" in page
    assert page.count('name="plan"') == 2, "month and year; the trial is no choice any more"
    answer = client.post(address, form_of(page, quantity="1", agreed="on"))
    assert answer.status_code == 302, text_of(answer)
    order = Order.objects.get(order_type="TRIAL_TO_FORMAL")
    assert (order.total_minor, order.buyer) == (10_000, buyer)
    assert Quote.objects.get(order=order).total_minor == 10_000
    assert client.post(f"/orders/{order.number}/pay/").status_code == 302
    engine.react(now=clock.now())
    page = page_of(client, f"/orders/{order.number}/")
    assert "Converting your trial to a paid service" in page
    assert "The seller converts your trial" in page
    assert "Converting your trial" in page_of(client, f"/services/{subscription.pk}/")
    done(open_call(), now=clock.now())
    page = page_of(client, f"/services/{subscription.pk}/")
    assert "Converted to paid, until" in page
    assert "Trial until" in page, "its past"
    assert "Converted to paid" in page_of(client, f"/orders/{order.number}/")
    assert "This service is not a trial" in page_of(client, address)


def test_another_edition_and_quantity_have_their_price(client: Client, buyer: User) -> None:
    subscription = make_trial(buyer)
    page = page_of(client, f"/services/{subscription.pk}/formal/?attr_e=l&plan=PERIOD-month&periods=3&quantity=2")
    assert "¥\xa01,440.00" in page
    assert (
        client.post(f"/services/{subscription.pk}/formal/", form_of(page, periods="3", quantity="2")).status_code == 302
    )
    assert Order.objects.get(order_type="TRIAL_TO_FORMAL").total_minor == 144_000


def test_changed_price_is_shown_again_and_not_charged(client: Client, buyer: User) -> None:
    """business-rules §3: the charge equals the quote."""
    subscription = make_trial(buyer)
    address = f"/services/{subscription.pk}/formal/"
    form = form_of(page_of(client, address))
    Offer.objects.filter(sku__spec__product=subscription.product, trial=False).update(price_minor=11_100)
    answer = client.post(address, form)
    assert answer.status_code == 422
    assert "The price changed from ¥\xa0100.00 to ¥\xa0111.00" in text_of(answer)
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()
    without = form | {"quote": ""}
    assert client.post(address, without).status_code == 422
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()


def test_wrong_value_is_shown_beside_its_field(client: Client, buyer: User) -> None:
    subscription = make_trial(buyer)
    address = f"/services/{subscription.pk}/formal/"
    form = form_of(page_of(client, address))
    answer = client.post(address, {name: value for name, value in form.items() if name != "agreed"})
    assert (answer.status_code, 'id="agreed_error"' in text_of(answer)) == (422, True)
    answer = client.post(address, form | {"quantity": "51"})
    assert (answer.status_code, 'id="quantity_error"' in text_of(answer)) == (422, True)
    answer = client.post(address, form | {"plan": "PERIOD-day-trial"})
    assert (
        answer.status_code,
        "Your choice is no longer on sale. The closest one is selected. Check it" in text_of(answer),
    ) == (422, True)
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()


def test_second_tab_orders_nothing(client: Client, buyer: User) -> None:
    """business-rules §4.1."""
    subscription = make_trial(buyer)
    address = f"/services/{subscription.pk}/formal/"
    form = form_of(page_of(client, address))
    assert client.post(address, form).status_code == 302
    answer = client.post(address, form)
    [order] = Order.objects.filter(order_type="TRIAL_TO_FORMAL")
    assert answer.status_code == 422
    assert f"/orders/{order.number}/" in text_of(answer)
    assert "not paid yet" in page_of(client, address)


def test_quantity_is_fixed_if_the_protocol_does_not_send_it(client: Client, buyer: User) -> None:
    """saas-v1-license A2.3."""
    subscription = make_trial(buyer, protocol="saas_v1")
    address = f"/services/{subscription.pk}/formal/"
    page = page_of(client, address)
    assert 'name="quantity"' not in page
    assert "The quantity cannot be changed here because the seller's protocol does not support it" in page
    assert client.post(address, form_of(page, quantity="9")).status_code == 302
    [line] = Order.objects.get(order_type="TRIAL_TO_FORMAL").lines.all()
    assert line.quantity == 1


def test_ended_trial_shows_until_when_it_can_be_converted(client: Client, buyer: User) -> None:
    """business-rules §4.4."""
    subscription = make_trial(buyer, age=16 * DAY)
    add_reason(locked_subscriptions([subscription.pk]), Freeze.Reason.EXPIRED, actor="market", now=clock.now())
    page = page_of(client, f"/services/{subscription.pk}/")
    assert "Convert it to paid before then to keep using it." in page
    page = page_of(client, f"/services/{subscription.pk}/formal/")
    assert "on payment" in page
    assert "to keep using the service." in page


@pytest.mark.parametrize("reason", ["foreign", "too late", "withdrawn", "bought"])
def test_impossible_conversion_is_not_offered(client: Client, buyer: User, reason: str) -> None:
    if reason == "bought":
        subscription = factories.make_subscription(factories.make_order(buyer, paid=True))
    else:
        holder = factories.make_buyer() if reason == "foreign" else buyer
        subscription = make_trial(holder, age=40 * DAY if reason == "too late" else DAY)
    if reason == "withdrawn":
        Product.objects.update(status=Product.Status.STOPPED)
    address = f"/services/{subscription.pk}/formal/"
    if reason == "foreign":
        assert client.get(address).status_code == client.post(address, {"agreed": "on"}).status_code == 404
        return
    page = page_of(client, address)
    assert 'id="order"' not in page
    assert client.post(address, {"agreed": "on"}).status_code in {404, 422}
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()
