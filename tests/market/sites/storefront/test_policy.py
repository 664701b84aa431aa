"""The page on which a buyer chooses the outcome at a service's end, and the choice on other pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests import factories
from tests.factories.products import MONTHLY, ONCE, YEARLY
from tradepost.market.base import clock
from tradepost.market.catalog.document import Price
from tradepost.market.identity.models import User
from tradepost.market.orders.models import AutoRenewal, Order, OrderLine
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="5300")
    client.force_login(buyer)
    return buyer


def make_service(buyer: User, *, age: timedelta = DAY, prices: tuple[Price, ...] = (MONTHLY, YEARLY)) -> Subscription:
    then = clock.now() - age
    offer = factories.make_offer(factories.make_product(prices=prices))
    return factories.make_subscription(factories.make_order(buyer, offer=offer, paid=True, now=then), now=then)


def page_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def policy_of(subscription: Subscription) -> tuple[str, str, int]:
    service = Subscription.objects.get(pk=subscription.pk)
    return service.at_expiry, service.auto_period_type, service.auto_periods


def test_automatic_renewal_is_set_and_ended(client: Client, buyer: User) -> None:
    """business-rules §4.5: set at purchase or later; change to auto-renew or no renewal."""
    subscription = make_service(buyer)
    address = f"/services/{subscription.pk}/policy/"
    assert f'href="{address}"' in page_of(client, f"/services/{subscription.pk}/")
    page = page_of(client, address)
    assert re.findall(r'<option value="([^"]+)"', page) == ["month/1", "month/3", "month/6", "year/1", "year/2"]
    assert "1 month · ¥\xa0100.00" in page
    answer = client.post(address, {"at_expiry": "renew", "duration": "month/3"}, follow=True)
    assert answer.redirect_chain == [(f"/services/{subscription.pk}/", 302)]
    text = re.sub(r"[ \n]+", " ", answer.content.decode())
    assert policy_of(subscription) == ("renew", "month", 3)
    assert "Renews automatically on" in text
    assert "for ¥\xa0300.00 today" in text
    assert "To be renewed automatically" in text, "the history says so"
    assert AutoRenewal.objects.get().subscription_id == subscription.pk
    client.post(address, {"at_expiry": "keep"})
    assert policy_of(subscription) == ("keep", "", 0)


def test_deletion_at_the_end_needs_a_second_confirmation(client: Client, buyer: User) -> None:
    """It warns clearly that the data is deleted immediately at the end."""
    subscription = make_service(buyer)
    address = f"/services/{subscription.pk}/policy/"
    assert "The service and all its data are deleted immediately" in page_of(client, address)
    answer = client.post(address, {"at_expiry": "end"})
    assert answer.status_code == 422
    assert 'id="understood_error"' in answer.content.decode()
    assert policy_of(subscription) == ("keep", "", 0)
    client.post(address, {"at_expiry": "end", "understood": "on"})
    assert policy_of(subscription) == ("end", "", 0)
    assert "It is deleted immediately with its data." in page_of(client, f"/services/{subscription.pk}/")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 422),
        ({"at_expiry": "x"}, 422),
        ({"at_expiry": "renew"}, 422),
        ({"at_expiry": "renew", "duration": "month/99999999"}, 422),
    ],
)
def test_invalid_form_changes_nothing(client: Client, buyer: User, form: dict[str, str], status: int) -> None:
    subscription = make_service(buyer)
    assert client.post(f"/services/{subscription.pk}/policy/", form).status_code == status
    assert policy_of(subscription) == ("keep", "", 0)


def test_one_time_product_offers_no_choice(client: Client, buyer: User) -> None:
    subscription = make_service(buyer, prices=(ONCE,))
    assert "/policy/" not in page_of(client, f"/services/{subscription.pk}/")
    assert "This service needs no setting for its end" in page_of(client, f"/services/{subscription.pk}/policy/")
    assert (
        client.post(f"/services/{subscription.pk}/policy/", {"at_expiry": "end", "understood": "on"}).status_code == 422
    )


def test_services_of_other_buyers_are_not_found(client: Client, buyer: User) -> None:
    other = make_service(factories.make_buyer())
    assert buyer.pk != other.buyer_id
    assert client.get(f"/services/{other.pk}/policy/").status_code == 404
    assert client.post(f"/services/{other.pk}/policy/", {"at_expiry": "keep"}).status_code == 404


def test_checkout_offers_it_unselected(client: Client, buyer: User) -> None:
    """business-rules §4.5: set at purchase; cycle = smallest sale period."""
    product = factories.make_product(prices=(MONTHLY, YEARLY))
    page = page_of(client, f"/checkout/{product.pk}/?plan=PERIOD-year")
    box = re.search(r'<input[^>]*id="renews"[^>]*>', page)
    assert box is not None
    assert "checked" not in box[0]
    assert "1 month · ¥\xa0100.00" in page
    total = re.search(r'name="total" value="(\d+)"', page)
    assert total is not None
    form = {"plan": "PERIOD-year", "periods": "1", "quantity": "1", "total": total[1], "agreed": "on", "renews": "on"}
    assert client.post(f"/checkout/{product.pk}/", form).status_code == 302
    line = OrderLine.objects.get()
    assert (line.period_type, line.auto_period_type, line.auto_periods) == ("year", "month", 1)
    assert 'id="renews"' not in page_of(client, f"/checkout/{factories.make_product(prices=(ONCE,)).pk}/")


def test_renewal_may_extend_to_the_buyers_day_of_the_month(client: Client, buyer: User) -> None:
    """business-rules §4.5: unified expiry date 1–28 or month end."""
    subscription = make_service(buyer)
    address = f"/services/{subscription.pk}/renew/"
    assert "Choose one day of the month" in page_of(client, address)
    end = subscription.expires_at
    assert end is not None
    day = end.astimezone(clock.now().astimezone().tzinfo).day
    User.objects.filter(pk=buyer.pk).update(expiry_day=1 if day != 1 else 2)
    page = page_of(client, address)
    stamps = re.findall(r'id="aligned-\d+" value="([^"]+)"', page)
    assert len(stamps) == 5
    answer = client.post(address, {"option": stamps[0], "agreed": "on"})
    assert answer.status_code == 302
    line = OrderLine.objects.get(order__order_type="RENEW")
    assert line.until is not None
    assert line.until > end + timedelta(days=28)
    assert line.amount_minor == Order.objects.get(pk=line.order_id).total_minor > 10_000
    assert " days = " in page_of(client, f"/orders/{line.order.number}/")


def test_day_of_the_month_is_part_of_the_profile(client: Client, buyer: User) -> None:
    form = {"name": "L", "company": "", "phone": "", "language": "en", "expiry_day": "31"}
    assert client.post("/profile/", form).status_code == 302
    assert User.objects.get(pk=buyer.pk).expiry_day == 31
    assert client.post("/profile/", form | {"expiry_day": "29"}).status_code == 422
    assert User.objects.get(pk=buyer.pk).expiry_day == 31
    client.post("/profile/", form | {"expiry_day": ""})
    assert User.objects.get(pk=buyer.pk).expiry_day == 0


def test_page_shows_why_the_last_try_failed_and_the_next_try(client: Client, buyer: User) -> None:
    from tradepost.market.base import jobs
    from tradepost.market.fulfilment.timers import AUTO_RENEW
    from tradepost.market.orders.buy import renew
    from tradepost.market.orders.renew import RenewService
    from tradepost.market.wiring import TASKS

    subscription = make_service(buyer)
    client.post(f"/services/{subscription.pk}/policy/", {"at_expiry": "renew", "duration": "month/1"})
    planned = AutoRenewal.objects.get()
    assert planned.next_at is not None
    mine = RenewService(subscription=subscription.pk, product_id=subscription.offer.product_id, periods=1, agreed=True)
    renew(buyer, mine, now=planned.next_at, unpaid_timeout=DAY)
    jobs.run_due({AUTO_RENEW: TASKS[AUTO_RENEW]}, now=planned.next_at)
    page = page_of(client, f"/services/{subscription.pk}/")
    assert "The last try failed: An order about this service is not done yet." in page
    following = AutoRenewal.objects.get().next_at
    assert following == planned.next_at + DAY
    assert f'datetime="{following.isoformat(timespec="seconds")}"' in page
