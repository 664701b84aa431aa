"""Issue 27, 4: a service's payments and refunds in one statement: by month and order, exact sums, decimals, unpaid orders collapsed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.utils import translation

from tests.factories import NOW, make_operator
from tests.factories.metering import item, make_metered, push
from tests.market.fulfilment.services import again, ordered, renewed, service
from tests.market.orders.explained_lives import LIVES, _changed, _renewal_refunded
from tests.market.sites.seller_center.shops import enter
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Charge, UsageMonth
from tradepost.market.metering import collect
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.change_fee import FeeLine
from tradepost.market.orders.explain_prices import time_calculation
from tradepost.market.orders.explain_queries import service_facts
from tradepost.market.orders.explain_statement import ServiceStatement, service_statement
from tradepost.market.orders.explained import BUYER_KINDS, OPERATORS
from tradepost.market.orders.models import Order
from tradepost.market.orders.shares import decimal, share_of_days
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.subscriptions.models import Subscription

DAY = timedelta(days=1)


def statement(subscription: Subscription) -> ServiceStatement:
    return service_statement(service_facts(again(subscription)), OPERATORS)


def paid_less_refunded(subscription: Subscription) -> int:
    """Return, from the ledger, what left the buyer's balance for orders minus what was refunded."""
    entries = Entry.objects.filter(account__kind=Account.Kind.BUYER, account__user=subscription.buyer)
    payments = entries.filter(transfer__reason__in=(Transfer.Reason.PAYMENT, Transfer.Reason.REFUND))
    return -sum(payments.values_list("amount_minor", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("life", LIVES)
def test_rows_add_up_to_the_ledger(life: Callable[[Subscription], None]) -> None:
    subscription = service()
    life(subscription)
    result = statement(subscription)
    rows = [row for month in result.months for row in month.rows]
    assert result.total.minor == sum(row.amount.minor for row in rows) == paid_less_refunded(subscription)
    assert {row.order for row in rows} == set(Order.objects.exclude(paid_at=None).values_list("number", flat=True))
    assert [month.month for month in result.months] == sorted({month.month for month in result.months}, reverse=True)
    for row in rows:
        assert sum(part.amount.minor for detail in row.details for part in detail.parts) == sum(
            detail.said.minor for detail in row.details
        )
    assert {explanation.verdict.value for explanation in result.explanations} == {"same"}


@pytest.mark.django_db
def test_refund_in_a_later_month_is_listed_in_that_month() -> None:
    """In the market's time zone, UTC+8: 31 March 20:00 UTC is in April."""
    subscription = service()
    _renewal_refunded(subscription)
    refund = Transfer.objects.get(reason=Transfer.Reason.REFUND)
    with translation.override("en"):
        assert [(row.title, row.amount.minor > 0) for row in statement(subscription).months[0].rows][-1] == (
            "New purchase",
            True,
        )
    facts_of_service = service_facts(again(subscription))
    for facts in facts_of_service.orders:
        for movement in facts.movements:
            if movement.transfer.pk == refund.pk:
                movement.transfer.at = NOW.replace(day=31, hour=20)
    later, first = service_statement(facts_of_service, BUYER_KINDS).months
    assert (later.month, first.month) == (date(2026, 4, 1), date(2026, 3, 1))
    assert [row.amount.minor for row in later.rows] == [-10_000]
    assert later.total.minor + first.total.minor == paid_less_refunded(subscription)


@pytest.mark.django_db
def test_unpaid_orders_are_collapsed_into_one_row() -> None:
    subscription = service()
    for _ in range(24):
        cancel_order(ordered(subscription), actor="b", now=NOW)
    renewed(subscription)
    result = statement(subscription)
    assert (len(result.unpaid), sum(len(month.rows) for month in result.months)) == (24, 2)
    for client, url in (
        (enter(subscription.buyer), f"/services/{subscription.pk}/explain/"),
        (enter(make_operator()), f"/console/services/{subscription.pk}/explain/"),
    ):
        page = client.get(url).content.decode()
        assert "24 unpaid orders" in page
        assert len(re.findall(r'class="card[ "]', page)) <= 3
        assert "recomputed from the stored data and agree." in page
        collapsed = page.partition('class="tp-amounts-unpaid"')[2].partition("</details>")[0]
        assert all(order.number in collapsed for order in result.unpaid)


@pytest.mark.django_db
def test_paid_usage_is_listed_in_the_month_of_its_use(django_assert_num_queries) -> None:
    from tests.factories import make_buyer

    subscription = make_metered(buyer=make_buyer(balance="100"))
    push(subscription.seller, [item(subscription, NOW + timedelta(hours=1), 1000)], now=NOW + DAY)
    closed = collect.close("hour", now=NOW + DAY)
    assert closed is not None
    charge(closed, now=NOW + DAY)
    paid = UsageMonth.objects.get()
    assert paid.paid_minor == Charge.objects.get().minor > 0
    page = enter(subscription.buyer).get(f"/services/{subscription.pk}/explain/").content.decode()
    assert f'href="/charges/?service={subscription.pk}&amp;month={paid.month:%Y-%m}"' in page
    totals = re.findall(r'<strong class="tp-num">([^<]*)</strong>', page)
    assert f"{paid.paid_minor / 100:.2f}" in totals[0], "the total includes the usage"
    assert (
        enter(subscription.buyer).get(f"/charges/?service={subscription.pk}&month={paid.month:%Y-%m}").status_code
        == 200
    )


# --- decimals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "hours", "text"),
    [
        (Fraction(17, 31), 17 * 24, "17 of 31 days = 0.5484"),
        (Fraction(14, 28), 14 * 24, "14 of 28 days = 0.5"),
        (Fraction(379, 744), 379, "379 of 744 hours = 0.5094"),
        (Fraction(3), 90 * 24, ""),
        (Fraction(3) + Fraction(16, 31), 107 * 24, "3 + 16/31 = 3.5161"),
        (Fraction(1, 7), 3, "3 of 21 hours = 0.1429"),
    ],
)
def test_share_of_time_is_shown_with_its_fraction(time: Fraction, hours: int, text: str) -> None:
    line = FeeLine(
        new=True, unit="month", unit_minor=31_000, quantity=1, time=time, since=NOW, until=NOW + timedelta(hours=hours),
        minor=0,
    )  # fmt: skip
    with translation.override("en"):
        assert time_calculation(line) == text


@pytest.mark.parametrize(("days", "of"), [(17, 31), (1, 3), (2, 3), (28, 28), (1, 365)])
def test_share_is_rounded_half_up_to_four_places(days: int, of: int) -> None:
    assert abs(Fraction(decimal(Fraction(days, of))) - Fraction(days, of)) <= Fraction(1, 20_000)
    with translation.override("en"):
        assert share_of_days(days, of) == f"{days} of {of} days = {decimal(Fraction(days, of))}"


@pytest.mark.django_db
def test_steps_of_a_fee_contain_no_fractions() -> None:
    subscription = service()
    _changed(subscription)
    texts = [part.words for explanation in statement(subscription).explanations for part in explanation.parts]
    assert [text for text in texts if re.search(r"\d/\d", text)] == []
    assert any(part.rule for explanation in statement(subscription).explanations for part in explanation.parts)
