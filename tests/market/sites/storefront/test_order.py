"""One order: paid from the balance, cancelled, followed while it is delivered; only ever by its buyer."""

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
from tradepost.market.fulfilment.order_progress import MOST_ROUNDS, progress
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
"""The seller works on it, and has no words for it."""


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer(balance="150")
    client.force_login(buyer)
    return buyer


def placed(buyer: User, **how: Any) -> Order:
    return factories.make_order(buyer, now=clock.now(), **how)


def seen(client: Client, order: Order) -> str:
    """The page with each run of blanks as one, but not those that keep an amount together."""
    answer = client.get(f"/orders/{order.number}/")
    assert answer.status_code == 200
    return re.sub(r"[ \n]+", " ", answer.content.decode())


def tried(call: Call, minute: int, result: CallResult) -> Call:
    """Tried in this minute of a day long ago."""
    return engine.answer(call, result, now=factories.NOW + timedelta(minutes=minute))


# --- paying and cancelling ---------------------------------------------------------------------------------------


def test_the_button_says_what_it_takes_and_takes_it(client: Client, buyer: User) -> None:
    order = placed(buyer)
    page = seen(client, order)
    assert "Pay ¥\xa0100.00" in page
    assert "¥\xa0150.00" in page
    answer = client.post(f"/orders/{order.number}/pay/")
    assert answer["Location"] == f"/orders/{order.number}/"
    order.refresh_from_db()
    assert order.status == Order.Status.PROCESSING
    assert balance(buyer, "CNY").minor == 5_000
    assert ledger.verify().problems == ()


def test_a_balance_that_does_not_reach_offers_no_button_and_says_what_to_do(client: Client, buyer: User) -> None:
    order = placed(buyer, periods=3)
    page = seen(client, order)
    assert "Your balance is ¥\xa0150.00 short." in page
    assert 'href="/balance/"' in page
    assert f'action="/orders/{order.number}/pay/"' not in page
    client.post(f"/orders/{order.number}/pay/")
    assert "Your balance does not reach." in seen(client, order)
    order.refresh_from_db()
    assert order.status == Order.Status.UNPAID
    assert balance(buyer, "CNY").minor == 15_000


def test_paying_twice_takes_the_money_once(client: Client, buyer: User) -> None:
    order = placed(buyer)
    for _ in range(2):
        client.post(f"/orders/{order.number}/pay/")
    assert balance(buyer, "CNY").minor == 5_000
    assert "paid or cancelled already" in seen(client, order)


def test_after_the_time_to_pay_there_is_nothing_to_pay(client: Client, buyer: User) -> None:
    order = placed(buyer, unpaid_timeout=timedelta(0))
    page = seen(client, order)
    assert "The time to pay this order is over." in page
    assert f'action="/orders/{order.number}/pay/"' not in page
    client.post(f"/orders/{order.number}/pay/")
    assert balance(buyer, "CNY").minor == 15_000


def test_cancelling_costs_nothing(client: Client, buyer: User) -> None:
    order = placed(buyer)
    client.post(f"/orders/{order.number}/cancel/")
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED
    assert "Nothing was charged." in seen(client, order)
    assert balance(buyer, "CNY").minor == 15_000


def test_a_paid_order_cannot_be_cancelled(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    client.post(f"/orders/{order.number}/cancel/")
    order.refresh_from_db()
    assert order.status == Order.Status.PROCESSING
    assert "Only an unpaid order can be cancelled." in seen(client, order)


def test_money_moves_by_post_alone(client: Client, buyer: User) -> None:
    order = placed(buyer)
    for act in ("pay", "cancel"):
        assert client.get(f"/orders/{order.number}/{act}/").status_code == 405
    order.refresh_from_db()
    assert order.status == Order.Status.UNPAID


@pytest.mark.parametrize(("method", "act"), [("get", ""), ("get", "progress/"), ("post", "pay/"), ("post", "cancel/")])
def test_another_buyers_order_is_not_there(client: Client, buyer: User, method: str, act: str) -> None:
    order = placed(factories.make_buyer())
    assert getattr(client, method)(f"/orders/{order.number}/{act}").status_code == 404
    order.refresh_from_db()
    assert order.status == Order.Status.UNPAID


# --- following a delivery ----------------------------------------------------------------------------------------


def test_progress_tells_each_try_in_words_and_when_the_next_is(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    call, now = factories.make_call(order), clock.now()
    for result in (engine.LOST, Rejected(code="000005", message="<b>out of stock</b>"), WORKING):
        call = engine.answer(call, result, now=now)
    page = seen(client, order)
    assert "The seller's system gave no valid answer." in page.replace("&#x27;", "'")
    assert "no answer within 20 s" not in page
    assert "<q>&lt;b&gt;out of stock&lt;/b&gt;</q>" in page
    assert "“We are working on it.”" in page
    assert f'We call again at <time datetime="{call.due_at.isoformat(timespec="seconds")}"' in page


def test_a_seller_in_trouble_is_not_called_a_delivery_under_way(client: Client, buyer: User) -> None:
    """saas-v2 §3.10: after the plan the money is back; the buyer reads until when."""
    order = placed(buyer, paid=True)
    call = engine.answer(factories.make_call(order), WORKING, now=clock.now())
    assert "Your order is being delivered" in seen(client, order)
    end = engine.answer(call, engine.REFUSED_CONNECTION, now=clock.now()).give_up_at
    assert end is not None
    page = " ".join(seen(client, order).replace("&#x27;", "'").split())
    assert "The seller's system gives no good answer; we keep trying" in page
    assert "Your order is being delivered" not in page
    assert f'If it does not work by <time datetime="{end.isoformat(timespec="seconds")}"' in page


def test_the_page_asks_for_itself_only_while_the_order_is_processed(client: Client, buyer: User) -> None:
    waiting, paid = placed(buyer), placed(buyer, paid=True)
    assert "hx-trigger" not in seen(client, waiting)
    assert 'hx-trigger="load delay:200ms, every 300ms"' in seen(client, paid)
    give_up_order(paid, now=clock.now(), reason="timeout")
    assert "hx-trigger" not in seen(client, paid)


def test_nothing_new_leaves_the_page_alone_and_news_replace_it(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    call = factories.make_call(order)
    address = f"/orders/{order.number}/progress/?seen={progress(order).fingerprint}"
    quiet = client.get(address)
    assert (quiet.status_code, quiet.content) == (204, b"")
    engine.lease(call, now=factories.NOW)
    news = client.get(address)
    assert news.status_code == 200
    assert "waiting for the answer" in news.content.decode()
    assert "<html" not in news.content.decode()
    assert news["Cache-Control"] == "private, no-store"


def test_a_page_looks_often_for_ten_seconds_and_each_second_from_then_on(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    address = f"/orders/{order.number}/progress/?seen={progress(order).fingerprint}&pace=300ms"
    assert client.get(address).status_code == 204
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(seconds=11))
    slower = client.get(address)
    assert slower.status_code == 200
    assert 'hx-trigger="load delay:200ms, every 1s"' in slower.content.decode()


def test_the_last_news_end_the_asking_and_are_said_to_a_screen_reader(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    subscription = factories.make_subscription(order, now=clock.now())
    factories.make_operation(order, subscription=subscription, status=Operation.Status.DONE)
    complete_order(order, now=clock.now())
    page = client.get(f"/orders/{order.number}/").content.decode()
    assert "hx-trigger" not in page
    assert re.search(r'<p class="visually-hidden" data-said>\s*Your order was delivered', page)
    assert 'href="https://app.qingxie.example/t/1" rel="noopener noreferrer"' in re.sub(r"\s+", " ", page)
    assert f"/services/{subscription.pk}/password/" in page
    assert "Open-Sesame-7" not in page


@pytest.mark.parametrize(
    ("result", "verdict", "words"),
    [
        (engine.LOST, "timeout", "did not answer properly in time"),
        (Rejected(code="000005", message="no"), "000005", "refused to open the service"),
        (Pending(), "pending", "did not finish in time"),
        (None, "", "cannot deliver this product at the moment"),
    ],
)
def test_a_refund_says_how_much_and_why(
    client: Client, buyer: User, result: CallResult | None, verdict: str, words: str
) -> None:
    order = placed(buyer, paid=True)
    if result is not None:
        engine.give_up(factories.make_call(order), result, now=clock.now())
    give_up_order(order, now=clock.now(), reason=verdict or "product.no_address")
    page = seen(client, order)
    assert "¥\xa0100.00 is back on your balance." in page
    assert words in page
    assert "product.no_address" not in page


def test_a_service_that_was_never_opened_is_not_offered(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    subscription = factories.make_subscription(order, active=False)
    offered = f'href="/services/{subscription.pk}/"'
    assert offered not in seen(client, order)
    SUBSCRIPTION.move(subscription, SubscriptionEvent.GIVE_UP, now=clock.now())
    give_up_order(order, now=clock.now(), reason="connect")
    assert offered not in seen(client, order)

    delivered = placed(buyer, paid=False)
    opened = factories.make_subscription(delivered)
    assert f'href="/services/{opened.pk}/"' in seen(client, delivered)


def test_tries_that_bring_the_same_are_told_once_with_their_number(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    call = factories.make_call(order)
    for number in range(1, 8):
        tried(call, number, SOLD_OUT)
    tried(call, 8, engine.LOST)
    (line,) = progress(order).lines
    rounds = [(one.said, one.count, one.words) for one in line.asked[0].rounds]
    assert rounds == [("refused", 7, "out of stock"), ("nothing", 1, "")]
    page = seen(client, order)
    assert page.count("out of stock") == 1
    last = (factories.NOW + timedelta(minutes=7)).isoformat(timespec="seconds")
    assert f'Called 7 times, last at <time datetime="{last}"' in page


def test_a_sellers_words_stand_on_the_page_once_however_often_it_changes_its_mind(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    call = factories.make_call(order)
    for number in range(1, 7):
        tried(call, number, SOLD_OUT if number % 2 else Pending(message="out of stock"))
    assert seen(client, order).count("out of stock") == 1


def test_of_many_rounds_the_first_and_the_latest_show(client: Client, buyer: User) -> None:
    order = placed(buyer, paid=True)
    call = factories.make_call(order)
    for number in range(1, 41):
        tried(call, number, WORKING if number % 2 else engine.LOST)
    (line,) = progress(order).lines
    rounds = line.asked[0].rounds
    minutes = [int((one.first_at - factories.NOW).total_seconds() // 60) for one in rounds]
    assert (minutes[0], minutes[1], minutes[-1], len(rounds)) == (1, 36, 40, MOST_ROUNDS)
    assert line.asked[0].left_out == 34
    assert "… 34 more tries …" in seen(client, order)


@pytest.mark.parametrize("tries", [1, 9])
def test_an_order_takes_the_same_queries_however_often_it_was_tried(
    client: Client, buyer: User, tries: int, django_assert_num_queries: Any
) -> None:
    order = placed(buyer, paid=True)
    call = factories.make_call(order)
    for number in range(1, tries + 1):
        tried(call, number, WORKING)
    # clock, session, user; order, lines; operations, calls, attempts; history; refunds; whom to ask (2); frame
    with django_assert_num_queries(14):
        client.get(f"/orders/{order.number}/")
    with django_assert_num_queries(13):
        client.get(f"/orders/{order.number}/progress/")


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_list_holds_the_own_orders_and_finds_them(client: Client, buyer: User) -> None:
    first = placed(buyer, offer=factories.make_offer(name="云笺", name_en="Leaf"))
    second = placed(buyer, offer=factories.make_offer(name="砺石", name_en="Whetstone"), paid=True)
    placed(factories.make_buyer())

    def numbers(query: str = "") -> list[str]:
        return [order.number for order in client.get(f"/orders/{query}").context["page"].rows]

    assert numbers() == [second.number, first.number]
    assert numbers("?q=云笺") == [first.number]
    assert numbers("?q=whet") == [second.number]
    assert numbers(f"?q={first.number[:-1]}") == [first.number]
    assert numbers("?status=processing") == [second.number]
    assert numbers("?status=nonsense") == []


def test_an_empty_list_says_what_to_do(client: Client, buyer: User) -> None:
    assert "No orders yet" in client.get("/orders/").content.decode()
    assert "No order fits" in client.get("/orders/?q=x").content.decode()


@pytest.mark.parametrize("orders", [1, 5])
def test_the_list_takes_the_same_queries_however_long(
    client: Client, buyer: User, orders: int, django_assert_num_queries: Any
) -> None:
    for _ in range(orders):
        placed(buyer)
    with django_assert_num_queries(6):  # clock, session, user, orders, lines, frame
        client.get("/orders/")
