"""Pages of the console: only for operators, few queries regardless of the data, and they show the tasks for people."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import groupby

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.buying import make_call, make_order
from tests.factories.people import NOW, make_address, make_buyer, make_operator, make_seller
from tests.factories.products import make_offer, make_product
from tests.market import engine
from tradepost.market.base import clock
from tradepost.market.base.models import Event, Job, WorkerProcess
from tradepost.market.base.money import Money
from tradepost.market.identity.keys import create_access_key, rotate_signing_key
from tradepost.market.identity.models import Member, User
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.tell import send_notice
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.production.claim import claim_calls
from tradepost.market.production.models import Call, Tally
from tradepost.protocols.commands import Fault, Rejected, Unreachable

pytestmark = pytest.mark.django_db

LISTS = [
    "overview",
    "orders",
    "operations",
    "calls",
    "engine",
    "engine_figures",
    "sellers",
    "accounts",
    "ledger",
    "deliveries",
    "clock",
    "clock_hands",
]

REFUSED = Rejected(code="000005", message="disk full")
NO_SUCH_NAME, NO_TLS = Unreachable(fault=Fault.DNS), Unreachable(fault=Fault.TLS)


def make_person() -> User:
    """A buyer without money, so that the books contain only a test's own bookings."""
    return make_buyer(balance="0")


def refused(call: Call) -> Call:
    response = engine.told('{"resultCode":"000005","resultMsg":"disk full"}')
    return engine.answer(call, REFUSED, now=NOW, response=response)


def enter(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> User:
    return make_operator()


@pytest.fixture
def console(operator: User) -> Client:
    return enter(operator)


def busy_market(size: int) -> None:
    """At least one row on every list."""
    for n in range(size):
        seller = make_seller(member=make_person())
        create_access_key(seller, by=None, now=NOW)
        buyer = make_person()
        ledger.top_up(buyer, Money(500_000, "CNY"), reference=f"B{n}", actor="op", now=NOW)
        order = make_order(buyer, offer=make_offer(make_product(seller)), paid=True)
        engine.open_breaker(refused(make_call(order)), engine.LOST, now=NOW)
        engine.give_up(make_call(order), NO_SUCH_NAME, now=NOW)
        send_notice(
            order.buyer, "order_completed", facts={"product": "CRM", "order": order.number}, once=order.number, now=NOW
        )
        Event.objects.create(name="order_paid", facts={}, due_at=NOW, created_at=NOW, error="Traceback: <b>boom</b>")
        Job.objects.create(kind="orders.unpaid_timeout", key=f"J{n}", due_at=NOW, error="Traceback: late")
        WorkerProcess.objects.create(name=f"w{n}", started_at=NOW, seen_at=clock.wall())
        hour = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=n)
        Tally.objects.create(hour=hour, worker=f"w{n}", activity="newInstance", verdict="done", attempts=7, seconds=1.4)


def addresses() -> list[str]:
    """Every readable page, lists and details."""
    order = Call.objects.order_by("pk")[0].order_number
    seller = Call.objects.order_by("pk")[0].seller_id
    buyer = User.objects.get(orders__number=order).pk
    details = [
        reverse("console:order", args=[order]), reverse("console:call", args=[Call.objects.order_by("pk")[0].pk]),
        reverse("console:seller", args=[seller]), reverse("console:account", args=[buyer]),
    ]  # fmt: skip
    return [*(reverse(f"console:{name}") for name in LISTS), *details]


@pytest.mark.slow
def test_only_operators_enter(console: Client) -> None:
    busy_market(1)
    buyer, member = make_person(), User.objects.get(memberships__seller__calls__outcome="gave_up")
    for url in addresses():
        assert console.get(url).status_code == 200, url
        assert enter(buyer).get(url).status_code == 404, url
        assert enter(member).get(url).status_code == 404, url
        stranger = Client().get(url)
        assert (stranger.status_code, stranger["Location"].startswith("/account/login/")) == (302, True), url


def test_only_operators_act() -> None:
    buyer = make_person()
    send_notice(buyer, "order_completed", facts={"product": "CRM", "order": "1"}, once="1", now=NOW)
    acts = [
        (reverse("console:top_up", args=[buyer.pk]), {"amount": "100", "reference": "B1", "confirmed": "1"}),
        (reverse("console:delivery_retry", args=[NoticeDelivery.objects.get().pk]), {}),
        (reverse("console:clock"), {"distance": "30d"}),
    ]
    member = make_person()
    make_seller(member=member)
    for person in (buyer, member):
        for url, data in acts:
            assert enter(person).post(url, data).status_code == 404, url
    assert ledger.verify().transfers == 0
    assert clock.target() is None


@pytest.mark.slow
def test_queries_do_not_grow_with_the_rows(console: Client, django_assert_max_num_queries) -> None:
    busy_market(2)
    most = {}
    for url in addresses():
        with django_assert_max_num_queries(19) as captured:
            console.get(url)
        most[url] = len(captured)
    busy_market_more()
    for url in addresses():
        with django_assert_max_num_queries(19) as captured:
            console.get(url)
        assert len(captured) == most[url], url


def busy_market_more() -> None:
    """Eight more of everything, and more lines of what the first order shows."""
    first = Call.objects.order_by("pk")[0]
    for n in range(8):
        seller = make_seller(member=make_person())
        Member.objects.create(seller=seller, user=make_person())
        order = make_order(offer=make_offer(make_product(seller)), paid=True)
        engine.open_breaker(make_call(order), now=NOW)
        make_address(first.seller)
        make_product(first.seller)
        rotate_signing_key(first.seller, "base", now=NOW)
        refused(make_call(make_order(offer=make_offer(first.product), paid=True)))
        refused(first)
        engine.give_up(make_call(Order.objects.get(number=first.order_number)), now=NOW)
        send_notice(
            order.buyer, "order_completed", facts={"product": "CRM", "order": order.number}, once=order.number, now=NOW
        )
        Event.objects.create(name="order_paid", facts={}, due_at=NOW, created_at=NOW, error="Traceback")
        WorkerProcess.objects.create(name=f"more{n}", started_at=NOW, seen_at=clock.wall())
        Tally.objects.create(
            hour=clock.now(), worker=f"m{n}", activity="queryInstance", verdict="dns", attempts=1, seconds=1
        )
        ledger.top_up(
            User.objects.get(orders__number=first.order_number), Money(1, "CNY"), reference=f"M{n}", actor="op", now=NOW
        )


def text_of(client: Client, url: str, **query: str) -> str:
    return " ".join(client.get(url, query).content.decode().split())


def test_overview_lists_what_needs_a_person(console: Client) -> None:
    busy_market(2)
    NoticeDelivery.objects.update(status="failed")
    WorkerProcess.objects.filter(name="w1").update(seen_at=clock.wall() - timedelta(minutes=5))
    shown = text_of(console, reverse("console:overview"))
    for sentence in (
        "2 calls failed and are being retried.", "2 addresses do not answer.",
        "4 internal tasks failed and are being retried.", "2 emails could not be delivered.",
        "1 worker has not been seen lately.",
    ):  # fmt: skip
        assert sentence in shown
    tones = re.findall(r'<li class="tp-note tp-(\w+)">', console.get(reverse("console:overview")).content.decode())
    assert [tone for tone, _same in groupby(tones)] == ["bad", "warn"], "the most urgent first"
    assert "14 attempts, 200 ms on average" not in shown
    assert "14 attempts, 200 ms on average" in text_of(console, reverse("console:engine"))


def test_overview_of_a_quiet_market(console: Client) -> None:
    assert "No worker is running: no calls are made and no emails are sent." in text_of(
        console, reverse("console:overview")
    )
    WorkerProcess.objects.create(name="w", started_at=NOW, seen_at=clock.wall())
    assert "Nothing needs your attention." in text_of(console, reverse("console:overview"))


def test_dead_worker_is_shown_for_a_day(console: Client) -> None:
    WorkerProcess.objects.create(name="w", started_at=NOW, seen_at=clock.wall())
    WorkerProcess.objects.create(name="gone", started_at=NOW, seen_at=clock.wall() - timedelta(days=2))
    assert "Nothing needs your attention." in text_of(console, reverse("console:overview"))


@pytest.mark.parametrize("hours", [-3, 3])
def test_overdue_trial_is_due_now(console: Client, hours: int) -> None:
    at = clock.now() + timedelta(hours=hours)
    engine.open_breaker(make_call(), now=at - engine.PAUSE)
    page = text_of(console, reverse("console:engine"))
    shown = page.split('data-label="Next trial">')[1].split("</td>")[0]
    assert (shown == "now") == (hours < 0)
    assert (f'datetime="{at.isoformat(timespec="seconds")}' in shown) == (hours > 0)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2), ({"state": "gave_up"}, 1), ({"state": "failing"}, 1), ({"state": "nonsense"}, 0),
        ({"verdict": "dns"}, 1), ({"verdict": "tls"}, 0), ({"seller": "nonsense"}, 0),
    ],
)  # fmt: skip
def test_calls_are_found_by_state_and_verdict(console: Client, query: dict[str, str], count: int) -> None:
    busy_market(1)
    assert len(console.get(reverse("console:calls"), query).context["page"].rows) == count


def test_calls_are_found_by_seller_and_order(console: Client) -> None:
    busy_market(2)
    call = Call.objects.order_by("pk")[0]
    for query in ({"seller": str(call.seller_id)}, {"q": call.order_number.lower()}, {"q": call.order_line_number}):
        rows = console.get(reverse("console:calls"), query).context["page"].rows
        assert {row.seller_id for row in rows} == {call.seller_id}
        assert len(rows) == 2


@pytest.mark.slow
def test_orders_are_found_and_paged(console: Client) -> None:
    offer = make_offer()
    orders = [make_order(offer=offer, paid=True) for _ in range(27)]
    url = reverse("console:orders")
    first = console.get(url).context["page"]
    second = console.get(url, {"after": first.next_key}).context["page"]
    assert [o.number for o in [*first.rows, *second.rows]] == [o.number for o in reversed(orders)]
    assert second.next_key == ""
    for text in (orders[3].number.lower(), f"{orders[3].number}-000001", orders[3].buyer.email.upper()):
        assert [o.number for o in console.get(url, {"q": text}).context["page"].rows] == [orders[3].number]
    assert console.get(url, {"status": "refunded"}).context["page"].rows == []
    assert "No orders found" in text_of(console, url, status="refunded")


def test_order_shows_its_money_history_and_attempts(console: Client) -> None:
    busy_market(1)
    order = Call.objects.order_by("pk")[0].order_number
    page = console.get(reverse("console:order", args=[order]))
    moved = [(m.transfer.reason, m.source.kind, m.target.kind, m.amount.minor) for m in page.context["movements"]]
    assert moved == [("payment", "buyer", "clearing", 10_000)]
    assert [[(a.verdict, reason) for a, reason in tries] for _, tries in page.context["calls"]] == [
        [("000005", "000005 other internal error"), ("timeout", "Response timed out")],
        [("dns", "The host name was not found")],
    ]
    assert console.get(reverse("console:order", args=["CS0"])).status_code == 404


def test_page_of_a_seller_shows_only_hints_of_keys(console: Client) -> None:
    seller = make_seller()
    signing, access = rotate_signing_key(seller, "base", now=NOW), create_access_key(seller, by=None, now=NOW)
    shown = text_of(console, reverse("console:seller", args=[seller.pk]))
    assert f"{signing.secret[:4]}••••" in shown
    assert f"{access.key_id[:4]}••••" in shown
    for secret in (signing.secret, access.secret, access.key_id):
        assert secret not in shown


def test_errors_and_text_of_sellers_are_escaped(console: Client) -> None:
    busy_market(1)
    assert "&lt;b&gt;boom&lt;/b&gt;" in text_of(console, reverse("console:engine"))
    call = Call.objects.order_by("pk")[0]
    words = "<script>alert(1)</script>"
    engine.answer(call, Rejected(code="000005", message=words), now=NOW, response=engine.told(words))
    shown = text_of(console, reverse("console:call", args=[call.pk]))
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_engine_figures_poll_for_a_while(console: Client) -> None:
    url = reverse("console:engine_figures")
    assert f'hx-get="{url}?left=118"' in text_of(console, url, left="119")
    assert f'hx-get="{url}?left=119"' in text_of(console, url, left="100000")
    for end in ("1", "0", "x", ""):
        assert "hx-get" not in text_of(console, url, left=end)


def test_failed_mail_is_sent_again_on_demand(console: Client) -> None:
    send_notice(make_person(), "order_completed", facts={"product": "CRM", "order": "1"}, once="1", now=NOW)
    mail = NoticeDelivery.objects.get()
    NoticeDelivery.objects.update(status="failed", error="550 no such mailbox", attempts=1)
    Job.objects.all().delete()
    assert "550 no such mailbox" in text_of(console, reverse("console:deliveries"), status="failed")
    assert console.post(reverse("console:delivery_retry", args=[mail.pk])).status_code == 302
    mail.refresh_from_db()
    assert (mail.status, mail.attempts) == ("waiting", 0)
    assert Job.objects.get().key == str(mail.pk)
    assert console.post(reverse("console:delivery_retry", args=[mail.pk + 1])).status_code == 404
    assert console.get(reverse("console:delivery_retry", args=[mail.pk])).status_code == 405


def test_engine_counts_calls_by_state_and_names_those_held_by_an_address(console: Client) -> None:
    now, seller = clock.now(), make_seller()
    dead, well = (make_order(offer=make_offer(make_product(seller)), paid=True) for _ in range(2))
    engine.answer(make_call(dead), NO_TLS, now=now - timedelta(hours=2))
    engine.open_breaker(make_call(dead), NO_TLS, now=now)  # the first one is due, and held from now on
    engine.answer(make_call(well), now=now)
    for _ in range(2):  # one is being sent, the other waits for its slot
        make_call(well, now=now)
    claim_calls(now=now, wall=now, owner="w", limit=9, per_seller=1, duration=timedelta(minutes=1))
    make_call(dead, now=now - timedelta(minutes=3))

    context = console.get(reverse("console:engine")).context
    figures = context["figures"]
    assert (figures.due, figures.later, figures.in_flight, figures.busy, figures.paused, figures.held) == (
        1,
        1,
        1,
        1,
        1,
        2,
    )
    assert figures.failing == 2
    assert 180 <= context["late"] < 210
    assert [(address.waiting, fault) for address, fault in context["breakers"]] == [(3, "The TLS connection failed")]


@pytest.mark.slow
def test_books_list_every_movement_and_find_one(console: Client) -> None:
    busy_market(1)
    order = Call.objects.order_by("pk")[0].order_number
    url = reverse("console:ledger")

    def found(**query: str) -> list[tuple[str, str]]:
        rows = console.get(url, query).context["page"].rows
        return [(row.transfer.reason, row.transfer.reference) for row in rows]

    assert found() == [("payment", order), ("top_up", "B0")]
    assert found(reason="top_up") == [("top_up", "B0")]
    assert found(q=order) == [("payment", order)]
    assert found(q="nothing") == []
    assert "No transactions found" in text_of(console, url, q="nothing")


def test_people_are_found_by_role_and_show_their_sellers(console: Client, operator: User) -> None:
    member, buyer = make_person(), make_person()
    seller = make_seller(member=member)
    url = reverse("console:accounts")

    def found(**query: str) -> set[User]:
        return set(console.get(url, query).context["page"].rows)

    assert found(role="seller") == {member}
    assert found(role="operator") == {operator}
    assert found(role="buyer") == {buyer}
    assert found(role="seller", q=buyer.email) == set()
    assert found(role="nonsense") == set()
    [role] = [list_filter for list_filter in console.get(url).context["listing"].filters if list_filter.name == "role"]
    offered = [value for value, _label in role.options(None)]
    assert offered == ["buyer", "seller", "operator"]  # no filter for a lock that cannot be set
    assert seller.name_en in text_of(console, url, role="seller")


@pytest.mark.parametrize("name", ["orders", "operations", "calls", "sellers", "accounts", "deliveries", "ledger"])
def test_filter_is_in_the_address_and_can_be_removed(console: Client, name: str) -> None:
    busy_market(1)
    url = reverse(f"console:{name}")
    assert "Show all" not in text_of(console, url)
    sought = text_of(console, url, q="nothing-like-it")
    assert 'value="nothing-like-it"' in sought
    assert f'href="{url}"' in sought.split("<main")[1].split('role="search"')[1].split("</form>")[0]
