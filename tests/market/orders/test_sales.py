"""The stored daily sales equal the sums of the paid order lines."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from tests import factories
from tradepost.market.base.money import Money
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.finish import give_up_order
from tradepost.market.orders.models import Order, OrderLine, SalesDay
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.sales import PARTS_PER_DAY, day_of
from tradepost.market.orders.seller_queries import orders_by_day
from tradepost.market.payments import ledger

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
"""Noon in the market's time zone."""


def stored_sales() -> dict[tuple[int, date], tuple[int, int]]:
    totals: defaultdict[tuple[int, date], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in SalesDay.objects.all():
        lines, minor = totals[row.seller_id, row.day]
        totals[row.seller_id, row.day] = lines + row.lines, minor + row.amount_minor
    return dict(totals)


def paid_at(order: Order) -> datetime:
    assert order.paid_at is not None
    return order.paid_at


def computed_sales() -> dict[tuple[int, date], tuple[int, int]]:
    totals: defaultdict[tuple[int, date], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in OrderLine.objects.select_related("order").exclude(order__paid_at=None):
        key = line.seller_id, day_of(paid_at(line.order))
        totals[key] = totals[key][0] + 1, totals[key][1] + line.amount_minor
    return dict(totals)


def test_every_payment_is_counted_once_on_its_day() -> None:
    offers = [factories.make_offer() for _ in range(2)]
    buyer = factories.make_buyer(balance="100000")
    for n in range(2 * PARTS_PER_DAY + 3):
        now = NOON + timedelta(hours=7 * n)
        order = factories.make_order(buyer, offer=offers[n % 2])
        type(order).objects.filter(pk=order.pk).update(pay_before=now + timedelta(days=1))
        pay_order(order, now=now)
    cancel_order(factories.make_order(buyer, offer=offers[0]), actor="buyer", now=NOON)
    assert stored_sales() == computed_sales()
    assert sum(lines for lines, _ in stored_sales().values()) == 2 * PARTS_PER_DAY + 3


def test_day_ends_at_midnight_in_the_markets_zone() -> None:
    assert day_of(datetime(2026, 11, 24, 15, 59, tzinfo=UTC)) == date(2026, 11, 24)
    assert day_of(datetime(2026, 11, 24, 16, tzinfo=UTC)) == date(2026, 11, 25)


def test_refunded_order_stays_counted_on_its_payment_day() -> None:
    order = factories.make_order(paid=True)
    line = order.lines.get()
    before = stored_sales()
    order.refresh_from_db()
    give_up_order(order, now=factories.NOW + timedelta(days=1), reason="dns")
    assert stored_sales() == before == {(line.seller_id, day_of(paid_at(order))): (1, line.amount_minor)}


def test_chart_includes_days_without_sales() -> None:
    order = factories.make_order(paid=True)
    line = order.lines.get()
    order.refresh_from_db()
    days = orders_by_day(line.seller, now=paid_at(order) + timedelta(days=2), days=4, currency="CNY")
    assert [(day.lines, day.amount) for day in days] == [
        (0, Money(0, "CNY")), (1, line.amount), (0, Money(0, "CNY")), (0, Money(0, "CNY")),
    ]  # fmt: skip
    assert days[-1].day == day_of(paid_at(order)) + timedelta(days=2)


def test_refused_payment_is_not_counted() -> None:
    order = factories.make_order(factories.make_buyer(balance="0"))
    with pytest.raises(Exception, match="balance"):
        pay_order(order, now=factories.NOW)
    assert (stored_sales(), ledger.money_in_clearing(order.number)) == ({}, 0)


def test_migration_counts_earlier_payments() -> None:
    for _ in range(3):
        factories.make_order(paid=True)
    factories.make_order()
    SalesDay.objects.all().delete()
    migration = import_module("tradepost.market.orders.migrations.from_0_1.0006_sales_days_and_tails")
    migration.count_what_was_paid(apps, connection)
    assert stored_sales() == computed_sales() != {}
