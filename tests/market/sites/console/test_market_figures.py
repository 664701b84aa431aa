"""Start page of the console: each figure equals an independent count, and links to the list of its rows."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_buyer, make_operator, make_order, make_seller
from tests.market.engine import react
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.finish import complete_orders, give_up_order
from tradepost.market.orders.models import DeliveryDay, Order
from tradepost.market.payments import kept_sums, ledger
from tradepost.market.payments.day_totals import figures_since
from tradepost.market.payments.models import DayTotal, Entry
from tradepost.market.sites.console.market_figures import share

pytestmark = pytest.mark.django_db
CNY = "CNY"
BACK = {"Today": 0, "Last 7 days": 6, "Last 30 days": 29}


def zone() -> ZoneInfo:
    default_zone = timezone.get_default_timezone()
    assert isinstance(default_zone, ZoneInfo)
    return default_zone


def midnight(days_ago: int) -> datetime:
    today = clock.now().astimezone(zone()).date()
    return datetime.combine(today - timedelta(days=days_ago), datetime.min.time(), zone())


def edges() -> list[datetime]:
    """The first and the last second of each period and of the previous day."""
    return [midnight(n) + shift for n in (0, 6, 29) for shift in (timedelta(seconds=-1), timedelta())]


def history() -> None:
    """A payment at every edge, refunds at some; more than one a day."""
    buyer = make_buyer(balance="0", now=midnight(40))
    ledger.top_up(buyer, Money(1_000_000, CNY), reference="B1", actor="op", now=midnight(40))
    for n, at in enumerate(sorted(edges())):
        ledger.pay(buyer, Money(100 + n, CNY), reference=f"CS{n}", now=at)
        ledger.pay(buyer, Money(7, CNY), reference=f"CT{n}", now=at)
        if n % 2:
            ledger.refund(buyer, Money(30 + n, CNY), reference=f"CS{n}", actor="op", now=at)


def independent(kind: str, first: datetime) -> tuple[int, int]:
    """Return the number and total of transfers, from the entries of buyers."""
    own = [
        own_entry
        for own_entry in Entry.objects.filter(account__kind="buyer").select_related("transfer")
        if own_entry.transfer.reason == kind and own_entry.transfer.at >= first
    ]
    return len(own), abs(sum(own_entry.amount_minor for own_entry in own))


def table(client: Client) -> dict[str, dict[str, tuple[str, str]]]:
    """Title → period → displayed figure and its target."""
    market = client.get("/console/").context["market"]
    return {
        str(row.title): {str(figure.period): (figure.shown, figure.url) for figure in row.figures}
        for row in market.rows
    }


@pytest.mark.parametrize("moved", ["never", "at the end", "halfway"])
def test_money_figures_equal_the_ledger_whenever_the_totals_advanced(moved: str) -> None:
    history()
    if moved != "never":
        assert kept_sums.advance_sums()
    if moved == "halfway":
        ledger.pay(User.objects.get(operator_role=""), Money(5, CNY), reference="CX", now=midnight(0))
    shown = table(enter(make_operator()))
    for period, back in BACK.items():
        paid, minor = independent("payment", midnight(back))
        assert shown["Paid orders"][period][0] == f"{paid:,}"
        assert _minor(shown["Paid for orders"][period][0]) == minor
        assert _minor(shown["Refunded"][period][0]) == independent("refund", midnight(back))[1]


def _minor(money: str) -> int:
    return int(re.sub(r"\D", "", money))


def test_every_money_figure_links_to_exactly_its_movements() -> None:
    history()
    client = enter(make_operator())
    for title in ("Paid for orders", "Refunded", "Paid orders"):
        for period, (figure, url) in table(client)[title].items():
            rows = client.get(url.partition("#")[0]).context["page"].rows
            expected = len(rows) if title == "Paid orders" else sum(row.amount.minor for row in rows)
            assert _minor(figure) == expected, (title, period)


def test_new_buyers_and_sellers_equal_the_lists() -> None:
    client = enter(make_operator(now=midnight(100)))
    for at in sorted(edges()):  # in order of creation: lists find a time's rows by their keys
        seller = make_seller()
        Seller.objects.filter(pk=seller.pk).update(created_at=at)
    User.objects.update(joined_at=midnight(100))
    for at in sorted(edges()):
        User.objects.filter(pk=make_buyer(balance="0", now=at).pk).update(joined_at=at)
    for title, column in (("New buyers", "joined_at"), ("New sellers", "created_at")):
        for period, (figure, url) in table(client)[title].items():
            rows = client.get(url).context["page"].rows
            assert len(rows) == int(figure), (title, period)
            assert all(getattr(row, column) >= midnight(BACK[period]) for row in rows)
            assert int(figure) >= {"Today": 1, "Last 7 days": 3, "Last 30 days": 5}[period]


def test_delivered_share_is_of_the_orders_that_ended() -> None:
    buyer = make_buyer(balance="10000", now=midnight(40))
    for n, at in enumerate(edges()):
        order = make_order(buyer, now=at, paid=True)
        if n % 3:
            complete_orders([order], now=at)
        else:
            give_up_order(order, now=at, reason="no answer")
    react(now=clock.now())
    ended = [(ended_order.ended_at, ended_order.status) for ended_order in Order.objects.exclude(ended_at=None)]
    shown = table(enter(make_operator()))["Orders delivered"]
    for period, back in BACK.items():
        own = [status for at, status in ended if at is not None and at >= midnight(back)]
        figure, url = shown[period]
        assert figure == share(own.count("completed"), len(own)), period
        rows = enter(make_operator()).get(url).context["page"].rows
        assert len(rows) == own.count("refunded"), period
        assert all(row.undelivered_at >= midnight(back) for row in rows)
    assert DeliveryDay.objects.count() == len(
        {at.astimezone(zone()).date() for at, status in ended if at and status == "completed"}
    )


@pytest.mark.parametrize(
    ("part", "total", "words"),
    [(1, 1, "100 %"), (999, 1000, "99.9 %"), (9999, 10000, "99.9 %"), (0, 3, "0 %"), (2, 3, "66.6 %")],
)
def test_percentage_is_rounded_but_never_to_all_or_none(part: int, total: int, words: str) -> None:
    assert share(part, total) == words


def test_trend_has_every_day_and_its_table_agrees() -> None:
    history()
    answer = enter(make_operator()).get("/console/")
    chart = answer.context["market"].chart
    assert len(chart.bars) == 30
    bars_by_day = {bar.day: bar for bar in chart.bars}
    booked = figures_since(midnight(29).date(), str(zone()))
    for day in (midnight(0).date(), midnight(6).date(), midnight(29).date()):
        paid = sum(payment.amount.minor for payment in booked if payment.day == day and payment.kind == "payment")
        assert (bars_by_day[day].paid.minor, bars_by_day[day].orders) == (
            paid,
            sum(payment.transfers for payment in booked if payment.day == day and payment.kind == "payment"),
        )
        assert bars_by_day[day].paid_height == round(100 * paid / chart.top.minor, 2)
    page = answer.content.decode()
    assert page.count('<th scope="row">') >= 30


def test_quiet_market_has_figures_without_a_chart() -> None:
    answer = enter(make_operator()).get("/console/")
    assert "No payment or refund in the last 30 days." in answer.content.decode()
    shown = table(enter(make_operator()))
    assert shown["Paid orders"]["Today"][0] == "0"
    assert shown["Orders delivered"]["Today"] == ("–", "")


def test_totals_are_written_once_for_each_entry() -> None:
    history()
    kept_sums.advance_sums()
    kept_sums.advance_sums()
    assert sum(day_total.transfers for day_total in DayTotal.objects.filter(kind="payment")) == len(edges()) * 2
    assert isinstance(DayTotal.objects.first().day, date)  # type: ignore[union-attr]  # there is one
