"""A renewal aligned to the buyer's day of the month: request, booking and price (business-rules §4.5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.factories import NOW
from tests.factories.products import YEARLY
from tests.market.engine import react
from tests.market.fulfilment.services import (
    END,
    again,
    command,
    done,
    offers,
    open_call,
    order_status,
    service,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.orders.explain_prices import by_price_lines
from tradepost.market.orders.explained import OrderFacts, Verdict
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.renew import RenewService, aligned_options, place_renewal, renewal_options
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.commands import Refresh

pytestmark = pytest.mark.django_db
ALIGNED = datetime(2026, 5, 15, 16, tzinfo=ZoneInfo("Asia/Shanghai"))
"""END is 2026-04-01 16:00 there. A month later is 05-01; the 15th is 14 of the 31 days of that month later."""


def place_aligned_renewal(subscription: Subscription, day: int, *, now: datetime = NOW, product_id: str = "") -> Order:
    choice = RenewService(
        subscription=subscription.pk, product_id=product_id or subscription.offer.product_id, periods=1, agreed=True, align_day=day
    )  # fmt: skip
    return place_renewal(subscription.buyer, choice, now=now, unpaid_timeout=timedelta(days=1))


def test_aligned_renewal_requests_the_end_and_books_all_of_it() -> None:
    """operations.md §4: extra = month price · days / days of the month, half up."""
    subscription = service()
    order = place_aligned_renewal(subscription, 15)
    assert order.total_minor == 10_000 + 4_516  # 14/31 of 100.00 is 45.161…
    pay_order(order, now=NOW)
    react(now=NOW)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert sent_command.expires_at == ALIGNED
    done(open_call())
    assert again(subscription).expires_at == ALIGNED
    period = Period.objects.get(line_number=f"{order.number}-000001")
    assert (period.starts_at, period.ends_at, period.paid_minor) == (END, ALIGNED, 14_516)
    assert ledger.money_in_clearing(order.number) == 14_516
    # From then on every period ends on that day.
    assert renewal_options(again(subscription))[0].until == ALIGNED.replace(month=6)
    assert aligned_options(again(subscription), renewal_options(again(subscription)), 15) == []


def test_offered_aligned_renewal_is_ordered_as_shown() -> None:
    subscription = service()
    options = renewal_options(subscription)
    for option in aligned_options(subscription, options, 15):
        assert option.extra is not None
        assert option.without.minor + option.extra.amount_minor == option.priced.total.minor
    first = aligned_options(subscription, options, 15)[0]
    line = OrderLine.objects.get(order=place_aligned_renewal(subscription, 15))
    assert (line.until, line.amount_minor) == (first.until, first.priced.total.minor)
    explanation = by_price_lines(line, OrderFacts(order=line.order, lines=[line]))
    assert (explanation.verdict, [part.amount.minor for part in explanation.parts]) == (Verdict.SAME, [10_000, 4_516])


@pytest.mark.parametrize("day", [1, 29, 32, -1])
def test_alignment_to_the_same_or_an_irregular_day_is_refused(day: int) -> None:
    """END is the 1st already; not every month has days 29 to 32."""
    subscription = service()
    before = (Order.objects.count(), Job.objects.count())
    with pytest.raises(Refused, match=r"renewal\.not_aligned"):
        place_aligned_renewal(subscription, day)
    assert (Order.objects.count(), Job.objects.count()) == before


def test_alignment_needs_a_monthly_price() -> None:
    """operations.md §7: unified date only where a monthly price exists."""
    subscription = service(specs=(), prices=(YEARLY,))
    assert aligned_options(subscription, renewal_options(subscription), 15) == []
    with pytest.raises(Refused, match=r"renewal\.not_aligned"):
        place_aligned_renewal(subscription, 15)


def test_yearly_renewal_is_aligned_at_the_monthly_price() -> None:
    subscription = service()
    yearly = offers(subscription)[1]
    order = place_aligned_renewal(subscription, 15, product_id=yearly.product_id)
    assert order.total_minor == 100_000 + 4_667  # 14/30 of 100.00: 2027-04-01 to 04-15


def test_renewal_priced_for_another_end_is_refunded() -> None:
    """The end moved between order and payment. No page can do this, since only one order is open at a time."""
    subscription = service()
    order = place_aligned_renewal(subscription, 15)
    earlier = END - timedelta(days=10)
    Subscription.objects.filter(pk=subscription.pk).update(expires_at=earlier)
    pay_order(order, now=NOW)
    react(now=NOW)
    assert (order_status(order), again(subscription).expires_at) == ("refunded", earlier)
    assert ledger.verify().problems == ()
