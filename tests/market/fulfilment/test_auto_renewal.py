"""Automatic renewals by the timer of a service: ordered once for an end, paid or left alone, told and tried again (business-rules §4.5)."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from tests.factories import NOW, make_buyer, make_offer, make_order
from tests.market.engine import react
from tests.market.fulfilment.services import (
    END,
    NEXT_END,
    again,
    command,
    done,
    failed,
    offers,
    open_call,
    ordered,
    passes,
    renewed,
    service,
    told,
)
from tradepost.market.base.models import Event, Job
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, set_expiry_policy
from tradepost.market.fulfilment.freezing import add_reason, lift
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import settle
from tradepost.market.fulfilment.timers import AUTO_RENEW
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, unsubscribe
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.auto_renew import RULE
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal, Order
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.orders.refund_terms import Rules
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import renewable_until
from tradepost.protocols.commands import Refresh

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 25, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
"""03:00 in the market's zone of the day that lies seven days before END's."""
MONTH = Duration("month", 1)


def automatic(subscription: Subscription, *, duration: Duration = MONTH, now: datetime = NOW) -> Subscription:
    wanted = SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=duration)
    set_expiry_policy(subscription.buyer, wanted, rule=RULE, now=now)
    return again(subscription)


def renewals(subscription: Subscription) -> list[Order]:
    return list(Order.objects.filter(lines__subscription=subscription, order_type="RENEW").order_by("pk"))


def emptied(subscription: Subscription, *, leave: str = "0") -> None:
    """Its buyer spent what there was."""
    account = ledger.buyer_account(subscription.buyer, "CNY")
    spent = account.balance - Money.of(leave, "CNY")
    ledger._transfer(
        account, ledger.market_account(Account.Kind.CASH, "CNY"), spent,
        Transfer(reason="top_up", reference=f"spent-{account.pk}", actor="test", at=NOW),
    )  # fmt: skip


def topped_up(subscription: Subscription, amount: str = "5000", *, now: datetime = NOW) -> None:
    ledger.top_up(subscription.buyer, Money.of(amount, "CNY"), reference=f"B-{now}", actor="op", now=now)


def last_moment(subscription: Subscription) -> datetime:
    last = renewable_until(again(subscription))
    assert last is not None
    return last


def test_seven_days_before_the_end_it_is_ordered_paid_and_asked_of_the_seller() -> None:
    """business-rules §4.5: deducted 7 days before expiry at 03:00."""
    subscription = automatic(service())
    passes(FIRST - timedelta(seconds=1))
    assert renewals(subscription) == []
    passes(FIRST)
    [order] = renewals(subscription)
    assert (order.origin, order.status, order.paid_at, order.idempotency_key) == (
        "timer", "processing", FIRST, f"auto/{subscription.pk}/{END:%Y%m%d%H%M%S}",
    )  # fmt: skip
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert asked.expires_at == NEXT_END
    operation = Operation.objects.get(kind="renew")
    assert (operation.origin, operation.actor) == ("timer", "market")
    done(open_call(), now=FIRST)
    assert again(subscription).expires_at == NEXT_END
    assert (told("service_auto_renewed"), told("service_renewed")) == (1, 0)
    planned = AutoRenewal.objects.get()
    assert (planned.ends_at, planned.next_at, planned.tries) == (NEXT_END, FIRST.replace(month=4, day=24), 0)
    assert Job.objects.get(kind=AUTO_RENEW).due_at == planned.next_at, "nothing has to run in between"
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_it_goes_on_month_after_month() -> None:
    subscription = automatic(service())
    topped_up(subscription)
    for _ in range(3):
        planned = AutoRenewal.objects.get()
        assert planned.next_at is not None
        passes(planned.next_at)
        done(open_call(), now=planned.next_at)
        passes(planned.next_at + timedelta(minutes=1))
    assert [order.status for order in renewals(subscription)] == ["completed"] * 3
    periods = list(
        Period.objects.filter(subscription=subscription).order_by("starts_at").values_list("starts_at", "ends_at")
    )
    assert all(before[1] == after[0] for before, after in itertools.pairwise(periods))
    assert len(periods) == 4


def test_without_money_nothing_is_ordered_and_it_is_tried_each_day_until_there_is() -> None:
    """business-rules §4.5: retried daily 03:00 until success or the last retention day."""
    subscription = automatic(service())
    emptied(subscription, leave="0.01")
    passes(FIRST)
    assert (renewals(subscription), Job.objects.filter(kind=UNPAID_TIMEOUT).exists()) == ([], False)
    planned = AutoRenewal.objects.get()
    assert (planned.tries, planned.reason, planned.next_at) == (1, "balance.too_low", FIRST + DAY)
    notice = Notice.objects.get(kind="auto_renewal_no_money")
    assert notice.facts["amount"] == {"minor": 10_000, "currency": "CNY"}
    assert notice.facts["balance"] == {"minor": 1, "currency": "CNY"}
    passes(FIRST + 2 * DAY)
    assert (AutoRenewal.objects.get().tries, told("auto_renewal_no_money")) == (3, 1), "told once"
    topped_up(subscription, now=FIRST + 2 * DAY)
    passes(FIRST + 3 * DAY)
    assert [order.status for order in renewals(subscription)] == ["processing"]
    assert AutoRenewal.objects.get().reason == ""
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_it_is_tried_in_grace_and_retention_and_the_last_try_is_told() -> None:
    """business-rules §4.5: until the last retention day; not a mail for each of the tries."""
    subscription = automatic(service())
    emptied(subscription)
    last = last_moment(subscription)
    passes(END + timedelta(hours=1))
    passes(last - timedelta(seconds=1))
    expected = (last - FIRST) // DAY + 1
    planned = AutoRenewal.objects.get()
    assert (planned.tries, planned.next_at, renewals(subscription)) == (expected, None, [])
    assert (told("auto_renewal_no_money"), told("auto_renewal_refused"), told("auto_renewal_over")) == (1, 0, 1)
    passes(last)
    assert AutoRenewal.objects.get().tries == expected


@pytest.mark.slow
def test_paid_in_the_retention_it_counts_from_the_end_and_thaws() -> None:
    """business-rules §4.4."""
    subscription = automatic(service())
    emptied(subscription)
    passes(END + 3 * DAY) if last_moment(subscription) > END + 4 * DAY else passes(END)
    now = AutoRenewal.objects.get().next_at
    assert now is not None
    assert now > END
    topped_up(subscription, now=now)
    passes(now)
    while (call := Operation.objects.filter(status="running").select_related("call").first()) is not None:
        assert call.call is not None
        done(call.call, now=now)
    held = again(subscription)
    assert (held.status, held.expires_at, held.seller_state) == ("active", NEXT_END, "active")


def test_an_order_of_the_buyer_is_waited_for_and_not_told_of() -> None:
    """Never two for one end: who comes second does nothing."""
    subscription = automatic(service())
    order = ordered(subscription, now=FIRST - timedelta(hours=1))
    passes(FIRST)
    assert renewals(subscription) == [order]
    assert AutoRenewal.objects.get().reason == "renewal.open"
    assert not Notice.objects.filter(kind__startswith="auto_renewal").exists()
    cancel_order(Order.objects.get(pk=order.pk), actor="buyer", now=FIRST + timedelta(hours=1))
    passes(FIRST + DAY)
    assert [one.status for one in renewals(subscription)] == ["cancelled", "processing"]


def test_a_renewal_by_hand_makes_the_automatic_one_needless() -> None:
    subscription = automatic(service())
    renewed(subscription, now=FIRST - timedelta(minutes=1))
    passes(FIRST + timedelta(minutes=1))
    done(open_call(), now=FIRST + timedelta(minutes=1))
    passes(END + timedelta(hours=1))
    assert len(renewals(subscription)) == 1
    assert AutoRenewal.objects.get().ends_at == NEXT_END


def test_a_timer_that_comes_twice_orders_once() -> None:
    """A worker may die between doing it and saying so."""
    from tradepost.market.wiring import TASKS

    subscription = automatic(service())
    for _ in range(2):
        with transaction.atomic():
            TASKS[AUTO_RENEW]({"subscription": subscription.pk}, FIRST)
    react(now=FIRST)
    assert len(renewals(subscription)) == 1


def test_what_an_operator_froze_is_not_renewed_and_its_time_runs() -> None:
    """operations.md §7."""
    subscription = automatic(service())
    with transaction.atomic():
        locked = locked_subscriptions([subscription.pk])
        add_reason(locked, Freeze.Reason.OPERATOR, actor="op", now=NOW)
        settle(locked, now=NOW)
    done(open_call(), now=NOW)
    passes(FIRST)
    assert (renewals(subscription), AutoRenewal.objects.get().reason) == ([], "renewal.frozen")
    assert told("auto_renewal_refused") == 1
    with transaction.atomic():
        locked = locked_subscriptions([subscription.pk])
        lift(locked, Freeze.Reason.OPERATOR, now=FIRST)
        settle(locked, now=FIRST)
    done(open_call(), now=FIRST)
    passes(FIRST + DAY)
    assert len(renewals(subscription)) == 1


def test_what_is_not_sold_any_more_is_told_once_and_tried_daily() -> None:
    subscription = automatic(service())
    Product.objects.filter(pk=subscription.product_id).update(status=Product.Status.STOPPED)
    passes(FIRST + 2 * DAY)
    assert (renewals(subscription), AutoRenewal.objects.get().tries) == ([], 3)
    notice = Notice.objects.get(kind="auto_renewal_refused")
    assert notice.facts["reason"] == {"phrase": "This duration, or the product itself, is not sold any more."}
    assert Event.objects.count() == 0


def test_a_price_that_changed_is_told() -> None:
    """business-rules §16: the price of renewals is not stated; ours is that of the day, and its buyer learns what it was."""
    subscription = automatic(service())
    Offer.objects.filter(pk=subscription.offer_id).update(price_minor=12_000)
    passes(FIRST)
    done(open_call(), now=FIRST)
    notice = Notice.objects.get(kind="service_auto_renewed_anew")
    assert (notice.facts["amount"]["minor"], notice.facts["before"]["minor"]) == (12_000, 10_000)


def test_what_the_seller_does_not_take_is_not_ordered_again() -> None:
    subscription = automatic(service())
    passes(FIRST)
    failed(open_call(), now=FIRST)
    passes(FIRST + 2 * DAY)
    assert [order.status for order in renewals(subscription)] == ["processing"]
    assert told("renewal_waits") == 1


def test_one_that_was_paid_back_is_tried_again() -> None:
    """One order for an end stands; after one that was refunded the next may come."""
    from tradepost.market.fulfilment.pay_back import pay_back

    subscription = automatic(service())
    passes(FIRST)
    failed(open_call(), now=FIRST)
    [order] = renewals(subscription)
    pay_back(order, reason="agreed", actor="op", now=FIRST)
    react(now=FIRST)
    passes(FIRST + DAY)
    first, second = renewals(subscription)
    assert (first.status, second.status) == ("refunded", "processing")
    assert second.idempotency_key == f"{first.idempotency_key}/1"


def test_one_that_its_buyer_took_back_is_not_ordered_again() -> None:
    """business-rules §4.7: a renewal that has not begun is unsubscribed; the next 03:00 does not sell it again, unless its
    buyer asks for it again."""
    subscription = automatic(service())
    passes(FIRST)
    done(open_call(), now=FIRST)
    later = FIRST + timedelta(hours=2)
    rules = Rules(no_reason_days=5, no_reason_per_year=10, negotiable_days=180)
    [order] = renewals(subscription)
    taken_back = Unsubscribe(
        subscription=subscription.pk, way="cancel_renewal", back_minor=order.total_minor, agreed=True
    )
    unsubscribe(subscription.buyer, taken_back, rules=rules, now=later)
    react(now=later)
    done(open_call(), now=later)
    assert again(subscription).expires_at == END
    passes(FIRST + 2 * DAY)
    assert renewals(subscription) == [order]
    automatic(subscription, now=FIRST + 2 * DAY)
    passes(FIRST + 3 * DAY)
    first, second = renewals(subscription)
    assert (first, second.status) == (order, "processing")
    assert ledger.verify().problems == ()


def test_the_year_that_was_asked_for_is_ordered() -> None:
    subscription = automatic(service(), duration=Duration("year", 1))
    topped_up(subscription)
    passes(FIRST)
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert (asked.expires_at, asked.product_id) == (END.replace(year=2027), offers(subscription)[1].product_id)


def test_asked_for_at_checkout_it_begins_with_the_service() -> None:
    """business-rules §4.5: set at purchase; cycle = smallest sale period."""
    from tests.market.fulfilment.services import bought
    from tradepost.market.orders.buy import buy
    from tradepost.market.orders.pay import pay_order
    from tradepost.market.orders.place import PlaceOrder

    first = service()
    yearly = offers(first)[1]
    buyer = make_buyer(balance="100000")
    choice = PlaceOrder(product_id=yearly.product_id, periods=2, agreed=True, renews=True)
    order = buy(buyer, choice, now=NOW, unpaid_timeout=DAY)
    pay_order(order, now=NOW)
    held = bought(order)
    assert (held.at_expiry, held.auto_period_type, held.auto_periods) == ("renew", "month", 1)
    passes(NOW + timedelta(minutes=1))
    assert AutoRenewal.objects.get(subscription=held).ends_at == held.expires_at
    plain = bought(make_order(buyer, offer=make_offer(first.product), paid=True))
    assert plain.at_expiry == "keep"


def test_a_day_at_a_time_is_never_bought_ahead() -> None:
    from tests.factories.products import MONTHLY
    from tradepost.market.base.values import replace

    daily = replace(MONTHLY, period_type="day", period_numbers=(1,), amount=Decimal(3))
    subscription = automatic(service(specs=(), prices=(daily,)), duration=Duration("day", 1))
    assert subscription.expires_at == NOW + DAY
    for days in range(3):
        now = AutoRenewal.objects.get().next_at
        assert now is not None
        assert now < NOW + (days + 1) * DAY
        passes(now)
        assert len(renewals(subscription)) == days + 1
        done(open_call(), now=now)
        passes(now + timedelta(minutes=1))
    assert again(subscription).expires_at == NOW + 4 * DAY
