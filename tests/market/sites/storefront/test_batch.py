"""Many services at once: previewed line by line, done once even if submitted twice, each line with its own result."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests import factories
from tests.factories.products import MONTHLY, ONCE, YEARLY
from tests.market.sites.renewing import service as opened
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="7000")
    client.force_login(buyer)
    return buyer


def make_service(buyer: User, *prices: object) -> Subscription:
    then = clock.now() - DAY
    offer = factories.make_offer(factories.make_product(prices=prices or (MONTHLY, YEARLY)))
    return factories.make_subscription(factories.make_order(buyer, offer=offer, paid=True, now=then), now=then)


def address(act: str, *services: Subscription) -> str:
    return f"/services/batch/?act={act}&" + "&".join(f"service={service.pk}" for service in services)


def preview(client: Client, act: str, *services: Subscription) -> tuple[str, dict[str, object]]:
    """Return the page, and its form as a browser would submit it."""
    answer = client.get(address(act, *services))
    assert answer.status_code == 200
    page = re.sub(r"[ \n]+", " ", answer.content.decode())
    key = re.search(r'name="key" value="([0-9a-f]{32})"', page)
    form: dict[str, object] = {
        "act": act,
        "service": re.findall(r'name="service" value="(\d+)"', page),
        "key": key and key[1],
    }
    for name, options in re.findall(r'<select class="form-select" name="(option_\d+)".*?>(.*?)</select>', page):
        form[name] = re.findall(r'value="([^"]+)"', options)[0]
    return page, form


def renewals(*services: Subscription) -> list[tuple[str, int]]:
    orders = Order.objects.filter(lines__subscription__in=services, order_type="RENEW").order_by("lines__subscription")
    return list(orders.values_list("status", "total_minor"))


def submit(client: Client, form: dict[str, object], **more: object) -> str:
    answer = client.post("/services/batch/", form | more)
    assert answer.status_code == 200, answer.content.decode()
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def test_renewal_of_many_shows_each_result(client: Client, buyer: User) -> None:
    """One is paid, one waits for money, one cannot be renewed; the ledger balances."""
    first, second, subscription = make_service(buyer), make_service(buyer), make_service(buyer)
    Product.objects.filter(pk=subscription.product_id).update(status=Product.Status.STOPPED)
    page, form = preview(client, "renew", first, second, subscription)
    assert "is no longer sold" in page
    assert form["service"] == [str(second.pk), str(first.pk)]
    assert "Renew 2 services" in page
    balance = ledger.buyer_account(buyer, "CNY").balance.minor
    Offer.objects.filter(pk=first.offer_id).update(price_minor=balance)  # the other one's money is then spent
    _page, form = preview(client, "renew", first, second)
    result = submit(client, form, pay="on", agreed="on")
    statuses = dict(zip((first.pk, second.pk), renewals(first, second), strict=True))
    assert sorted(status for status, _ in statuses.values()) == ["processing", "unpaid"]
    assert "Your balance is too low" in result
    assert "1 of 2 could not be completed." in result
    assert ledger.verify().problems == ()


def test_same_form_sent_twice_orders_once(client: Client, buyer: User) -> None:
    first, second = make_service(buyer), make_service(buyer)
    _page, form = preview(client, "renew", first, second)
    submit(client, form, pay="on", agreed="on")
    before = renewals(first, second)
    assert [status for status, _ in before] == ["processing", "processing"]
    repeated = submit(client, form, pay="on", agreed="on")
    assert renewals(first, second) == before
    assert "All completed." in repeated
    assert ledger.buyer_account(buyer, "CNY").balance.minor == 700_000 - 4 * 10_000


def test_renewals_are_ordered_and_paid_later(client: Client, buyer: User) -> None:
    subscription = make_service(buyer)
    _page, form = preview(client, "renew", subscription)
    submit(client, form, agreed="on")
    assert renewals(subscription) == [("unpaid", 10_000)]
    page, _form = preview(client, "renew", subscription)
    assert "An order about this service is not done yet." in page


def test_changed_price_is_not_ordered(client: Client, buyer: User) -> None:
    subscription = make_service(buyer)
    _page, form = preview(client, "renew", subscription)
    Offer.objects.filter(pk=subscription.offer_id).update(price_minor=12_000)
    assert "Prices or dates have changed" in submit(client, form, pay="on", agreed="on")
    assert renewals(subscription) == []


def test_nothing_is_ordered_without_the_agreement(client: Client, buyer: User) -> None:
    subscription = make_service(buyer)
    _page, form = preview(client, "renew", subscription)
    answer = client.post("/services/batch/", form | {"pay": "on"})
    assert (answer.status_code, renewals(subscription)) == (422, [])
    assert str(form["key"]) in answer.content.decode(), "the same form, still"


def test_automatic_renewal_of_many_is_set_and_ended(client: Client, buyer: User) -> None:
    first, second, once = make_service(buyer), make_service(buyer), make_service(buyer, ONCE)
    page, form = preview(client, "automatic", first, second, once)
    assert "This service has no expiry date, so no expiry policy can be set" in page
    result = submit(client, form)
    assert result.count("Saved") == 2
    assert set(
        Subscription.objects.filter(pk__in=[first.pk, second.pk]).values_list("at_expiry", "auto_period_type")
    ) == {("renew", "month")}
    _page, form = preview(client, "keep", first, second)
    submit(client, form)
    submit(client, form)
    assert set(Subscription.objects.values_list("at_expiry", flat=True)) == {"keep"}


def test_unsubscription_of_many_shows_each_refund(client: Client, buyer: User) -> None:
    """Issue 11, batch: the exact amount is shown before the confirmation; submitted twice, it is done once."""
    first, second = opened(buyer=buyer), opened(buyer=buyer)
    trial_like = make_service(buyer, ONCE)
    before = ledger.buyer_account(buyer, "CNY").balance.minor
    page, form = preview(client, "unsubscribe", first, second, trial_like)
    assert form["service"] == [str(second.pk), str(first.pk)]
    assert page.count("Refund of ¥\xa0100.00") == 2
    answer = client.post("/services/batch/", form)
    assert answer.status_code == 422
    assert ledger.buyer_account(buyer, "CNY").balance.minor == before
    form[f"option_{second.pk}"] = "no_reason/1"  # not the amount shown
    result = submit(client, form, agreed="on")
    assert "Unsubscribed. ¥\xa0100.00 was refunded to your balance." in result
    assert "The refund amount has changed" in result
    states = dict(Subscription.objects.filter(pk__in=[first.pk, second.pk]).values_list("pk", "status"))
    assert states == {first.pk: "releasing", second.pk: "active"}
    assert ledger.buyer_account(buyer, "CNY").balance.minor == before + 10_000
    submit(client, form, agreed="on")
    assert ledger.buyer_account(buyer, "CNY").balance.minor == before + 10_000
    assert ledger.verify().problems == ()


def test_service_of_another_buyer_is_not_found(client: Client, buyer: User) -> None:
    mine, other = make_service(buyer), make_service(factories.make_buyer())
    assert client.get(address("renew", mine, other)).status_code == 404
    form = {"act": "keep", "service": [mine.pk, other.pk]}
    assert client.post("/services/batch/", form).status_code == 404
    assert Subscription.objects.get(pk=mine.pk).at_expiry == "keep"


@pytest.mark.parametrize("query", ["service=x", "service=99999999999999999999999", "act=delete"])
def test_unknown_service_or_act_is_not_found(client: Client, buyer: User, query: str) -> None:
    assert buyer.is_active
    assert client.get(f"/services/batch/?{query}").status_code == 404


def test_more_services_than_the_setting_allows_are_refused(client: Client, buyer: User) -> None:
    subscription = make_service(buyer)
    answer = client.get(address("renew", *[subscription] * (config().orders.batch_most + 1)))
    assert answer.status_code == 400
    assert f"At most {config().orders.batch_most} services" in answer.content.decode()


def test_empty_selection_gives_instructions(client: Client, buyer: User) -> None:
    assert buyer.is_active
    assert "Tick services in your list first." in client.get("/services/batch/").content.decode()
    subscription = make_service(buyer)
    page = client.get("/services/").content.decode()
    assert re.search(rf'name="service"\s+value="{subscription.pk}"', page)
