"""One order: paid from the balance, cancelled, followed during its delivery; only by its buyer."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.market import engine
from tradepost.market.base import clock
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.order_progress import MAX_ATTEMPT_GROUPS, progress
from tradepost.market.identity.models import User
from tradepost.market.orders.finish import complete_order, give_up_order
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.payments.queries import balance
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.protocols.commands import CallResult, Pending, Rejected

pytestmark = pytest.mark.django_db

SOLD_OUT = Rejected(code="000005", message="out of stock")
WORKING = Pending(message="")
"""The seller is working on it, and has given no progress text."""


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="150")
    client.force_login(buyer)
    return buyer


def place_order(buyer: User, **how: Any) -> Order:
    return factories.make_order(buyer, now=clock.now(), **how)


def page_text(client: Client, order: Order) -> str:
    """Return the page with each run of blanks as one, except those that keep an amount together."""
    answer = client.get(f"/orders/{order.number}/")
    assert answer.status_code == 200
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def main_part(page: str) -> str:
    """Without the header, whose search requests suggestions while typing."""
    return page.partition("<main")[2]


def make_attempt(call: Call, minute: int, result: CallResult) -> Call:
    """Tried in this minute of a day long ago."""
    return engine.answer(call, result, now=factories.NOW + timedelta(minutes=minute))


# --- paying and cancelling ---------------------------------------------------------------------------------------


def test_pay_button_names_its_amount_and_charges_it(client: Client, buyer: User) -> None:
    order = place_order(buyer)
    page = page_text(client, order)
    assert "Pay ¥\xa0100.00" in page
    assert "¥\xa0150.00" in page
    answer = client.post(f"/orders/{order.number}/pay/")
    assert answer["Location"] == f"/orders/{order.number}/"
    order.refresh_from_db()
    assert order.status == Order.Status.PROCESSING
    assert balance(buyer, "CNY").minor == 5_000
    assert ledger.verify().problems == ()


def test_insufficient_balance_shows_instructions_instead_of_a_button(client: Client, buyer: User) -> None:
    order = place_order(buyer, periods=3)
    page = page_text(client, order)
    assert "Your balance is ¥\xa0150.00 short." in page
    assert 'href="/balance/"' in page
    assert f'action="/orders/{order.number}/pay/"' not in page
    client.post(f"/orders/{order.number}/pay/")
    assert "Your balance is too low." in page_text(client, order)
    order.refresh_from_db()
    assert order.status == Order.Status.UNPAID
    assert balance(buyer, "CNY").minor == 15_000


def test_paying_twice_charges_once(client: Client, buyer: User) -> None:
    order = place_order(buyer)
    for _ in range(2):
        client.post(f"/orders/{order.number}/pay/")
    assert balance(buyer, "CNY").minor == 5_000
    assert "This order was already paid or cancelled" in page_text(client, order)


def test_order_cannot_be_paid_after_its_deadline(client: Client, buyer: User) -> None:
    order = place_order(buyer, unpaid_timeout=timedelta(0))
    page = page_text(client, order)
    assert "The payment deadline of this order has passed." in page
    assert f'action="/orders/{order.number}/pay/"' not in page
    client.post(f"/orders/{order.number}/pay/")
    assert balance(buyer, "CNY").minor == 15_000


def test_cancelling_costs_nothing(client: Client, buyer: User) -> None:
    order = place_order(buyer)
    client.post(f"/orders/{order.number}/cancel/")
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED
    assert "Nothing was charged." in page_text(client, order)
    assert balance(buyer, "CNY").minor == 15_000


def test_paid_order_cannot_be_cancelled(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    client.post(f"/orders/{order.number}/cancel/")
    order.refresh_from_db()
    assert order.status == Order.Status.PROCESSING
    assert "Only an unpaid order can be cancelled." in page_text(client, order)


def test_money_moves_only_by_post(client: Client, buyer: User) -> None:
    order = place_order(buyer)
    for act in ("pay", "cancel"):
        assert client.get(f"/orders/{order.number}/{act}/").status_code == 405
    order.refresh_from_db()
    assert order.status == Order.Status.UNPAID


@pytest.mark.parametrize(("method", "act"), [("get", ""), ("get", "progress/"), ("post", "pay/"), ("post", "cancel/")])
def test_order_of_another_buyer_is_not_found(client: Client, buyer: User, method: str, act: str) -> None:
    order = place_order(factories.make_buyer())
    assert getattr(client, method)(f"/orders/{order.number}/{act}").status_code == 404
    order.refresh_from_db()
    assert order.status == Order.Status.UNPAID


# --- following a delivery ----------------------------------------------------------------------------------------


def test_progress_explains_each_try_and_shows_the_next(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    call, now = factories.make_call(order), clock.now()
    for result in (engine.LOST, Rejected(code="000005", message="<b>out of stock</b>"), WORKING):
        call = engine.answer(call, result, now=now)
    page = page_text(client, order)
    assert "The seller's system gave no valid response." in page.replace("&#x27;", "'")
    assert "no answer within 20 s" not in page
    assert "<q>&lt;b&gt;out of stock&lt;/b&gt;</q>" in page
    assert "“We are working on it.”" in page
    assert f'Next call at <time datetime="{call.due_at.isoformat(timespec="seconds")}"' in page


def test_failing_seller_is_not_shown_as_a_delivery_in_progress(client: Client, buyer: User) -> None:
    """saas-v2 §3.10: after the retries the money is refunded; the buyer sees the deadline."""
    order = place_order(buyer, paid=True)
    call = engine.answer(factories.make_call(order), WORKING, now=clock.now())
    assert "Your order is being delivered" in page_text(client, order)
    end = engine.answer(call, engine.REFUSED_CONNECTION, now=clock.now()).give_up_at
    assert end is not None
    page = " ".join(page_text(client, order).replace("&#x27;", "'").split())
    assert "The seller's system does not respond correctly. We keep trying" in page
    assert "Your order is being delivered" not in page
    assert f'If the delivery does not succeed by <time datetime="{end.isoformat(timespec="seconds")}"' in page


def test_page_polls_only_while_the_order_is_processed(client: Client, buyer: User) -> None:
    waiting, paid = place_order(buyer), place_order(buyer, paid=True)
    assert "hx-trigger" not in main_part(page_text(client, waiting))
    assert 'hx-trigger="load delay:200ms, every 300ms"' in page_text(client, paid)
    give_up_order(paid, now=clock.now(), reason="timeout")
    assert "hx-trigger" not in main_part(page_text(client, paid))


def test_poll_without_changes_keeps_the_page_and_changes_replace_it(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    call = factories.make_call(order)
    address = f"/orders/{order.number}/progress/?seen={progress(order).fingerprint}"
    quiet = client.get(address)
    assert (quiet.status_code, quiet.content) == (204, b"")
    engine.lease(call, now=factories.NOW)
    news = client.get(address)
    assert news.status_code == 200
    assert "waiting for the response" in news.content.decode()
    assert "<html" not in news.content.decode()
    assert news["Cache-Control"] == "private, no-store"


def test_page_polls_often_for_ten_seconds_and_then_each_second(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    address = f"/orders/{order.number}/progress/?seen={progress(order).fingerprint}&pace=300ms"
    assert client.get(address).status_code == 204
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(seconds=11))
    slower = client.get(address)
    assert slower.status_code == 200
    assert 'hx-trigger="load delay:200ms, every 1s"' in slower.content.decode()


def test_last_change_ends_the_polling_and_is_announced_to_a_screen_reader(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    subscription = factories.make_subscription(order, now=clock.now())
    factories.make_operation(order, subscription=subscription, status=Operation.Status.DONE)
    complete_order(order, now=clock.now())
    page = client.get(f"/orders/{order.number}/").content.decode()
    assert "hx-trigger" not in main_part(page)
    assert re.search(r'<p class="visually-hidden" data-said>\s*Your order was delivered', page)
    assert 'href="https://app.qingxie.example/t/1" rel="noopener noreferrer"' in re.sub(r"\s+", " ", page)
    assert f"/services/{subscription.pk}/password/" in page
    assert "Open-Sesame-7" not in page


@pytest.mark.parametrize(
    ("result", "verdict", "words"),
    [
        (engine.LOST, "timeout", "did not respond correctly in time"),
        (Rejected(code="000005", message="no"), "000005", "refused to open the service"),
        (Pending(), "pending", "did not finish in time"),
        (None, "", "cannot deliver this product at the moment"),
    ],
)
def test_refund_shows_amount_and_reason(
    client: Client, buyer: User, result: CallResult | None, verdict: str, words: str
) -> None:
    order = place_order(buyer, paid=True)
    if result is not None:
        engine.give_up(factories.make_call(order), result, now=clock.now())
    give_up_order(order, now=clock.now(), reason=verdict or "product.no_address")
    page = page_text(client, order)
    assert "¥\xa0100.00 was refunded to your balance." in page
    assert words in page
    assert "product.no_address" not in page


def test_unopened_service_is_not_linked(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    subscription = factories.make_subscription(order, active=False)
    offered = f'href="/services/{subscription.pk}/"'
    assert offered not in page_text(client, order)
    SUBSCRIPTION.move(subscription, SubscriptionEvent.GIVE_UP, now=clock.now())
    give_up_order(order, now=clock.now(), reason="connect")
    assert offered not in page_text(client, order)

    delivered = place_order(buyer, paid=False)
    opened = factories.make_subscription(delivered)
    assert f'href="/services/{opened.pk}/"' in page_text(client, delivered)


def test_equal_tries_are_shown_once_with_their_number(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    call = factories.make_call(order)
    for number in range(1, 8):
        make_attempt(call, number, SOLD_OUT)
    make_attempt(call, 8, engine.LOST)
    (line,) = progress(order).lines
    rounds = [(attempt_round.said, attempt_round.count, attempt_round.words) for attempt_round in line.asked[0].rounds]
    assert rounds == [("refused", 7, "out of stock"), ("nothing", 1, "")]
    page = page_text(client, order)
    assert page.count("out of stock") == 1
    last = (factories.NOW + timedelta(minutes=7)).isoformat(timespec="seconds")
    assert f'Called 7 times, last at <time datetime="{last}"' in page


def test_text_of_a_seller_is_shown_once_though_it_alternates(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    call = factories.make_call(order)
    for number in range(1, 7):
        make_attempt(call, number, SOLD_OUT if number % 2 else Pending(message="out of stock"))
    assert page_text(client, order).count("out of stock") == 1


def test_first_and_latest_of_many_rounds_are_shown(client: Client, buyer: User) -> None:
    order = place_order(buyer, paid=True)
    call = factories.make_call(order)
    for number in range(1, 41):
        make_attempt(call, number, WORKING if number % 2 else engine.LOST)
    (line,) = progress(order).lines
    rounds = line.asked[0].rounds
    minutes = [int((attempt_round.first_at - factories.NOW).total_seconds() // 60) for attempt_round in rounds]
    assert (minutes[0], minutes[1], minutes[-1], len(rounds)) == (1, 36, 40, MAX_ATTEMPT_GROUPS)
    assert line.asked[0].left_out == 34
    assert "… 34 more attempts …" in page_text(client, order)


@pytest.mark.parametrize("tries", [1, 9])
def test_order_takes_the_same_queries_for_any_number_of_tries(
    client: Client, buyer: User, tries: int, django_assert_num_queries: Any
) -> None:
    order = place_order(buyer, paid=True)
    call = factories.make_call(order)
    for number in range(1, tries + 1):
        make_attempt(call, number, WORKING)
    # clock, session, user; order, lines; operations, calls, attempts; history; refunds; contact (2); frame
    with django_assert_num_queries(14):
        client.get(f"/orders/{order.number}/")
    with django_assert_num_queries(13):
        client.get(f"/orders/{order.number}/progress/")


# --- the list ----------------------------------------------------------------------------------------------------


def test_list_contains_and_finds_the_buyers_own_orders(client: Client, buyer: User) -> None:
    first = place_order(buyer, offer=factories.make_offer(name="云笺", name_en="Leaf"))
    second = place_order(buyer, offer=factories.make_offer(name="砺石", name_en="Whetstone"), paid=True)
    place_order(factories.make_buyer())

    def numbers(query: str = "") -> list[str]:
        return [order.number for order in client.get(f"/orders/{query}").context["page"].rows]

    assert numbers() == [second.number, first.number]
    assert numbers("?q=云笺") == [first.number]
    assert numbers("?q=whet") == [second.number]
    assert numbers(f"?q={first.number[:-1]}") == [first.number]
    assert numbers("?status=processing") == [second.number]
    assert numbers("?status=nonsense") == []


def test_empty_list_gives_instructions(client: Client, buyer: User) -> None:
    assert "No orders yet" in client.get("/orders/").content.decode()
    assert "No orders found" in client.get("/orders/?q=x").content.decode()


@pytest.mark.parametrize("orders", [1, 5])
def test_list_takes_the_same_queries_for_any_length(
    client: Client, buyer: User, orders: int, django_assert_num_queries: Any
) -> None:
    for _ in range(orders):
        place_order(buyer)
    with django_assert_num_queries(6):  # clock, session, user, orders, lines, frame
        client.get("/orders/")
