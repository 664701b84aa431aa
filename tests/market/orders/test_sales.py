"""The kept counts of what was paid are those that one would get by counting."""

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
from tradepost.market.orders.sales import PARTS, day_of
from tradepost.market.orders.seller_queries import orders_by_day
from tradepost.market.payments import ledger

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
"""Noon in the market's time zone."""


def kept() -> dict[tuple[int, date], tuple[int, int]]:
    found: defaultdict[tuple[int, date], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in SalesDay.objects.all():
        lines, minor = found[row.seller_id, row.day]
        found[row.seller_id, row.day] = lines + row.lines, minor + row.amount_minor
    return dict(found)


def paid_at(order: Order) -> datetime:
    assert order.paid_at is not None
    return order.paid_at


def counted() -> dict[tuple[int, date], tuple[int, int]]:
    found: defaultdict[tuple[int, date], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for line in OrderLine.objects.select_related("order").exclude(order__paid_at=None):
        at = line.seller_id, day_of(paid_at(line.order))
        found[at] = found[at][0] + 1, found[at][1] + line.amount_minor
    return dict(found)


def test_every_payment_is_counted_once_on_its_day() -> None:
    offers = [factories.make_offer() for _ in range(2)]
    buyer = factories.make_buyer(balance="100000")
    for n in range(2 * PARTS + 3):
        now = NOON + timedelta(hours=7 * n)
        order = factories.make_order(buyer, offer=offers[n % 2])
        type(order).objects.filter(pk=order.pk).update(pay_before=now + timedelta(days=1))
        pay_order(order, now=now)
    cancel_order(factories.make_order(buyer, offer=offers[0]), actor="buyer", now=NOON)
    assert kept() == counted()
    assert sum(lines for lines, _ in kept().values()) == 2 * PARTS + 3


def test_a_day_ends_at_midnight_of_the_market() -> None:
    assert day_of(datetime(2026, 11, 24, 15, 59, tzinfo=UTC)) == date(2026, 11, 24)
    assert day_of(datetime(2026, 11, 24, 16, tzinfo=UTC)) == date(2026, 11, 25)


def test_what_was_paid_and_given_up_was_paid_on_its_day_all_the_same() -> None:
    order = factories.make_order(paid=True)
    line = order.lines.get()
    before = kept()
    order.refresh_from_db()
    give_up_order(order, now=factories.NOW + timedelta(days=1), reason="dns")
    assert kept() == before == {(line.seller_id, day_of(paid_at(order))): (1, line.amount_minor)}


def test_the_chart_reads_them_and_has_no_holes() -> None:
    order = factories.make_order(paid=True)
    line = order.lines.get()
    order.refresh_from_db()
    days = orders_by_day(line.seller, now=paid_at(order) + timedelta(days=2), days=4, currency="CNY")
    assert [(day.lines, day.amount) for day in days] == [
        (0, Money(0, "CNY")), (1, line.amount), (0, Money(0, "CNY")), (0, Money(0, "CNY")),
    ]  # fmt: skip
    assert days[-1].day == day_of(paid_at(order)) + timedelta(days=2)


def test_a_payment_that_is_refused_counts_nothing() -> None:
    order = factories.make_order(factories.make_buyer(balance="0"))
    with pytest.raises(Exception, match="balance"):
        pay_order(order, now=factories.NOW)
    assert (kept(), ledger.held_for(order.number)) == ({}, 0)


def test_the_migration_counts_what_was_paid_before() -> None:
    for _ in range(3):
        factories.make_order(paid=True)
    factories.make_order()
    SalesDay.objects.all().delete()
    migration = import_module("tradepost.market.orders.migrations.0006_sales_days_and_tails")
    migration.count_what_was_paid(apps, connection)
    assert kept() == counted() != {}
