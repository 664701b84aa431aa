"""Figures of the market by period: payments, refunds, new buyers and sellers, and deliveries.

Each figure links to its rows. Figures are read from daily totals or counted by an index, so the page takes the same
time with a million orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.identity.operator_queries import joined_since
from tradepost.market.orders.delivery_days import DeliveryCounts, deliveries_since
from tradepost.market.orders.sales import day_of
from tradepost.market.payments.day_totals import DayFigure, figures_since
from tradepost.market.payments.models import Transfer
from tradepost.market.web.templatetags.ui import money

from .charts import DayChart, daily_chart
from .orders import UNDELIVERED

type Words = str | Promise
PERIODS: dict[str, tuple[int, Words]] = {
    "today": (1, gettext_lazy("Today")), "7d": (7, gettext_lazy("Last 7 days")),
    "30d": (30, gettext_lazy("Last 30 days")),
}  # fmt: skip
"""Period by its name in addresses: number of days up to today, and label."""
MONEY_ROWS: tuple[tuple[Transfer.Reason, Words], ...] = (
    (Transfer.Reason.PAYMENT, gettext_lazy("Paid for orders")),
    (Transfer.Reason.COLLECTED, gettext_lazy("Paid for usage")),
    (Transfer.Reason.REFUND, gettext_lazy("Refunded")),
    (Transfer.Reason.CREDITED, gettext_lazy("Credited for usage")),
)
PERMANENT_ROWS = frozenset({Transfer.Reason.PAYMENT, Transfer.Reason.REFUND})


class Figure(Struct, frozen=True):
    """A figure. ``note``: the counts behind a share. ``url``: the list of its rows."""

    period: Words
    shown: str
    url: str
    note: str = ""


class Row(Struct, frozen=True):
    title: Words
    figures: Sequence[Figure]


class MarketFigures(Struct, frozen=True):
    periods: Sequence[Words]
    rows: Sequence[Row]
    chart: DayChart


def start_of(period: str, now: datetime) -> datetime:
    return datetime.combine(_first_day(period, now), time(), timezone.get_default_timezone())


def _first_day(period: str, now: datetime) -> date:
    return day_of(now) - timedelta(days=PERIODS[period][0] - 1)


def market_figures(now: datetime) -> MarketFigures:
    since = _first_day("30d", now)
    booked = figures_since(since, str(timezone.get_default_timezone()))
    rows = [
        _orders(booked, now),
        *_money(booked, now),
        *_new_customers(now),
        _delivery_rate(deliveries_since(start_of("30d", now)), now),
    ]
    chart = daily_chart(since, day_of(now), booked, currency=config().currency)
    return MarketFigures([words for _days, words in PERIODS.values()], rows, chart)


def _movements_url(reason: str, since: date) -> str:
    return f"{reverse('console:ledger')}?reason={reason}&from={since:%Y-%m-%d}#movements"


def _orders(booked: Sequence[DayFigure], now: datetime) -> Row:
    def figure(period: str) -> Figure:
        since = _first_day(period, now)
        payments = sum(
            booking.transfers for booking in booked if booking.kind == Transfer.Reason.PAYMENT and booking.day >= since
        )
        return Figure(PERIODS[period][1], f"{payments:,}", _movements_url(Transfer.Reason.PAYMENT, since))

    return Row(gettext_lazy("Paid orders"), [figure(period) for period in PERIODS])


def _money(booked: Sequence[DayFigure], now: datetime) -> list[Row]:
    """Return a row for each kind and currency; rare kinds only if they occur."""
    currencies = sorted({booking.amount.currency for booking in booked} | {config().currency})
    rows = []
    for kind, title in MONEY_ROWS:
        for currency in currencies:
            bookings = [booking for booking in booked if booking.kind == kind and booking.amount.currency == currency]
            if bookings or (kind in PERMANENT_ROWS and currency == config().currency):
                rows.append(Row(title, [_amount(bookings, kind, currency, period, now) for period in PERIODS]))
    return rows


def _amount(bookings: Sequence[DayFigure], kind: str, currency: str, period: str, now: datetime) -> Figure:
    since = _first_day(period, now)
    total = Money(sum(booking.amount.minor for booking in bookings if booking.day >= since), currency)
    return Figure(PERIODS[period][1], money(total), _movements_url(kind, since))


def _new_customers(now: datetime) -> list[Row]:
    counted = joined_since(*(start_of(period, now) for period in PERIODS))
    buyers, sellers = [], []
    for (period, (_days, words)), (new_buyers, new_sellers) in zip(PERIODS.items(), counted, strict=True):
        date_filter = f"from={_first_day(period, now):%Y-%m-%d}"
        buyers.append(Figure(words, str(new_buyers), f"{reverse('console:accounts')}?role=buyer&{date_filter}"))
        sellers.append(Figure(words, str(new_sellers), f"{reverse('console:sellers')}?{date_filter}"))
    return [Row(gettext_lazy("New buyers"), buyers), Row(gettext_lazy("New sellers"), sellers)]


def _delivery_rate(days: Sequence[DeliveryCounts], now: datetime) -> Row:
    """Return the share of delivered orders among those whose delivery ended in a period. Later refunds do not change
    it."""

    def figure(period: str) -> Figure:
        since = _first_day(period, now)
        recent_days = [day for day in days if day.day >= since]
        delivered, failed = sum(day.delivered for day in recent_days), sum(day.failed for day in recent_days)
        if not delivered + failed:
            return Figure(PERIODS[period][1], "–", "")
        url = f"{reverse('console:orders')}?status={UNDELIVERED}&from={since:%Y-%m-%d}"
        note = _("%(failed)s of %(all)s not delivered") % {"failed": f"{failed:,}", "all": f"{delivered + failed:,}"}
        return Figure(PERIODS[period][1], share(delivered, delivered + failed), url, note)

    return Row(gettext_lazy("Orders delivered"), [figure(period) for period in PERIODS])


def share(part: int, whole: int) -> str:
    """Format a share in tenths of a percent, rounded down, so that 100 % means all."""
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"
