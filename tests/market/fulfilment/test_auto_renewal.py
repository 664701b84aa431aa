"""Automatic renewals: ordered once for each end, paid or skipped, with notices and retries (business-rules §4.5)."""

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
from tradepost.market.orders.auto_renew import DEFAULT_RULE
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal, Order
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.orders.refund_terms import RefundRules
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import renewable_until
from tradepost.protocols.commands import Refresh

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 25, 3, tzinfo=ZoneInfo("Asia/Shanghai"))
"""03:00 in the market's zone, seven days before the day of END."""
MONTH = Duration("month", 1)


def with_auto_renewal(subscription: Subscription, *, duration: Duration = MONTH, now: datetime = NOW) -> Subscription:
    request = SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=duration)
    set_expiry_policy(subscription.buyer, request, rule=DEFAULT_RULE, now=now)
    return again(subscription)


def renewals(subscription: Subscription) -> list[Order]:
    return list(Order.objects.filter(lines__subscription=subscription, order_type="RENEW").order_by("pk"))


def spend_balance(subscription: Subscription, *, leave: str = "0") -> None:
    """Spend the buyer's balance, except for ``leave``."""
    account = ledger.buyer_account(subscription.buyer, "CNY")
    amount = account.balance - Money.of(leave, "CNY")
    ledger._transfer(
        account, ledger.market_account(Account.Kind.CASH, "CNY"), amount,
        Transfer(reason="top_up", reference=f"spent-{account.pk}", actor="test", at=NOW),
    )  # fmt: skip


def top_up(subscription: Subscription, amount: str = "5000", *, now: datetime = NOW) -> None:
    ledger.top_up(subscription.buyer, Money.of(amount, "CNY"), reference=f"B-{now}", actor="op", now=now)


def last_moment(subscription: Subscription) -> datetime:
    renewable = renewable_until(again(subscription))
    assert renewable is not None
    return renewable


def test_renewal_is_ordered_paid_and_requested_seven_days_before_the_end() -> None:
    """business-rules §4.5: deducted 7 days before expiry at 03:00."""
    subscription = with_auto_renewal(service())
    passes(FIRST - timedelta(seconds=1))
    assert renewals(subscription) == []
    passes(FIRST)
    [order] = renewals(subscription)
    assert (order.origin, order.status, order.paid_at, order.idempotency_key) == (
        "timer", "processing", FIRST, f"auto/{subscription.pk}/{END:%Y%m%d%H%M%S}",
    )  # fmt: skip
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert sent_command.expires_at == NEXT_END
    operation = Operation.objects.get(kind="renew")
    assert (operation.origin, operation.actor) == ("timer", "market")
    done(open_call(), now=FIRST)
    assert again(subscription).expires_at == NEXT_END
    assert (told("service_auto_renewed"), told("service_renewed")) == (1, 0)
    auto_renewal = AutoRenewal.objects.get()
    assert (auto_renewal.ends_at, auto_renewal.next_at, auto_renewal.tries) == (
        NEXT_END,
        FIRST.replace(month=4, day=24),
        0,
    )
    assert Job.objects.get(kind=AUTO_RENEW).due_at == auto_renewal.next_at, "no timer runs in between"
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_renewal_repeats_every_month() -> None:
    subscription = with_auto_renewal(service())
    top_up(subscription)
    for _ in range(3):
        auto_renewal = AutoRenewal.objects.get()
        assert auto_renewal.next_at is not None
        passes(auto_renewal.next_at)
        done(open_call(), now=auto_renewal.next_at)
        passes(auto_renewal.next_at + timedelta(minutes=1))
    assert [order.status for order in renewals(subscription)] == ["completed"] * 3
    periods = list(
        Period.objects.filter(subscription=subscription).order_by("starts_at").values_list("starts_at", "ends_at")
    )
    assert all(before[1] == after[0] for before, after in itertools.pairwise(periods))
    assert len(periods) == 4


def test_renewal_without_money_is_retried_daily_until_the_balance_suffices() -> None:
    """business-rules §4.5: retried daily 03:00 until success or the last retention day."""
    subscription = with_auto_renewal(service())
    spend_balance(subscription, leave="0.01")
    passes(FIRST)
    assert (renewals(subscription), Job.objects.filter(kind=UNPAID_TIMEOUT).exists()) == ([], False)
    auto_renewal = AutoRenewal.objects.get()
    assert (auto_renewal.tries, auto_renewal.reason, auto_renewal.next_at) == (1, "balance.too_low", FIRST + DAY)
    notice = Notice.objects.get(kind="auto_renewal_no_money")
    assert notice.facts["amount"] == {"minor": 10_000, "currency": "CNY"}
    assert notice.facts["balance"] == {"minor": 1, "currency": "CNY"}
    passes(FIRST + 2 * DAY)
    assert (AutoRenewal.objects.get().tries, told("auto_renewal_no_money")) == (3, 1), "one notice"
    top_up(subscription, now=FIRST + 2 * DAY)
    passes(FIRST + 3 * DAY)
    assert [order.status for order in renewals(subscription)] == ["processing"]
    assert AutoRenewal.objects.get().reason == ""
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_renewal_is_tried_in_grace_and_retention_and_the_last_failure_is_notified() -> None:
    """business-rules §4.5: until the last retention day. Not every attempt sends a mail."""
    subscription = with_auto_renewal(service())
    spend_balance(subscription)
    last = last_moment(subscription)
    passes(END + timedelta(hours=1))
    passes(last - timedelta(seconds=1))
    expected = (last - FIRST) // DAY + 1
    auto_renewal = AutoRenewal.objects.get()
    assert (auto_renewal.tries, auto_renewal.next_at, renewals(subscription)) == (expected, None, [])
    assert (told("auto_renewal_no_money"), told("auto_renewal_refused"), told("auto_renewal_over")) == (1, 0, 1)
    passes(last)
    assert AutoRenewal.objects.get().tries == expected


@pytest.mark.slow
def test_renewal_in_retention_starts_at_the_old_end_and_unfreezes() -> None:
    """business-rules §4.4."""
    subscription = with_auto_renewal(service())
    spend_balance(subscription)
    passes(END + 3 * DAY) if last_moment(subscription) > END + 4 * DAY else passes(END)
    now = AutoRenewal.objects.get().next_at
    assert now is not None
    assert now > END
    top_up(subscription, now=now)
    passes(now)
    while (call := Operation.objects.filter(status="running").select_related("call").first()) is not None:
        assert call.call is not None
        done(call.call, now=now)
    current = again(subscription)
    assert (current.status, current.expires_at, current.seller_state) == ("active", NEXT_END, "active")


def test_renewal_waits_for_an_order_of_the_buyer() -> None:
    """There are never two renewals for one end."""
    subscription = with_auto_renewal(service())
    order = ordered(subscription, now=FIRST - timedelta(hours=1))
    passes(FIRST)
    assert renewals(subscription) == [order]
    assert AutoRenewal.objects.get().reason == "renewal.open"
    assert not Notice.objects.filter(kind__startswith="auto_renewal").exists()
    cancel_order(Order.objects.get(pk=order.pk), actor="buyer", now=FIRST + timedelta(hours=1))
    passes(FIRST + DAY)
    assert [renewal.status for renewal in renewals(subscription)] == ["cancelled", "processing"]


def test_manual_renewal_replaces_the_automatic_one() -> None:
    subscription = with_auto_renewal(service())
    renewed(subscription, now=FIRST - timedelta(minutes=1))
    passes(FIRST + timedelta(minutes=1))
    done(open_call(), now=FIRST + timedelta(minutes=1))
    passes(END + timedelta(hours=1))
    assert len(renewals(subscription)) == 1
    assert AutoRenewal.objects.get().ends_at == NEXT_END


def test_repeated_timer_orders_once() -> None:
    """A worker may die after the order and before it ends the timer."""
    from tradepost.market.wiring import TASKS

    subscription = with_auto_renewal(service())
    for _ in range(2):
        with transaction.atomic():
            TASKS[AUTO_RENEW]({"subscription": subscription.pk}, FIRST)
    react(now=FIRST)
    assert len(renewals(subscription)) == 1


def test_operator_freeze_prevents_renewal_while_time_runs() -> None:
    """operations.md §7."""
    subscription = with_auto_renewal(service())
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


def test_renewal_of_a_withdrawn_product_is_notified_once_and_retried_daily() -> None:
    subscription = with_auto_renewal(service())
    Product.objects.filter(pk=subscription.product_id).update(status=Product.Status.STOPPED)
    passes(FIRST + 2 * DAY)
    assert (renewals(subscription), AutoRenewal.objects.get().tries) == ([], 3)
    notice = Notice.objects.get(kind="auto_renewal_refused")
    assert notice.facts["reason"] == {"phrase": "This duration or the product is no longer sold."}
    assert Event.objects.count() == 0


def test_changed_price_is_notified() -> None:
    """business-rules §16 does not state the renewal price. The market charges the price of the day and tells the buyer
    the earlier one."""
    subscription = with_auto_renewal(service())
    Offer.objects.filter(pk=subscription.offer_id).update(price_minor=12_000)
    passes(FIRST)
    done(open_call(), now=FIRST)
    notice = Notice.objects.get(kind="service_auto_renewed_anew")
    assert (notice.facts["amount"]["minor"], notice.facts["before"]["minor"]) == (12_000, 10_000)


def test_renewal_that_the_seller_did_not_do_is_not_ordered_again() -> None:
    subscription = with_auto_renewal(service())
    passes(FIRST)
    failed(open_call(), now=FIRST)
    passes(FIRST + 2 * DAY)
    assert [order.status for order in renewals(subscription)] == ["processing"]
    assert told("renewal_waits") == 1


def test_refunded_renewal_is_ordered_again() -> None:
    """One order for each end; a new one may follow a refund."""
    from tradepost.market.fulfilment.pay_back import refund_order

    subscription = with_auto_renewal(service())
    passes(FIRST)
    failed(open_call(), now=FIRST)
    [order] = renewals(subscription)
    refund_order(order, reason="agreed", actor="op", now=FIRST)
    react(now=FIRST)
    passes(FIRST + DAY)
    first, second = renewals(subscription)
    assert (first.status, second.status) == ("refunded", "processing")
    assert second.idempotency_key == f"{first.idempotency_key}/1"


def test_renewal_cancelled_by_the_buyer_is_not_ordered_again() -> None:
    """business-rules §4.7: a renewal that has not begun is unsubscribed. It is renewed again only when the buyer sets
    it again."""
    subscription = with_auto_renewal(service())
    passes(FIRST)
    done(open_call(), now=FIRST)
    later = FIRST + timedelta(hours=2)
    rules = RefundRules(no_reason_days=5, no_reason_per_year=10, negotiable_days=180)
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
    with_auto_renewal(subscription, now=FIRST + 2 * DAY)
    passes(FIRST + 3 * DAY)
    first, second = renewals(subscription)
    assert (first, second.status) == (order, "processing")
    assert ledger.verify().problems == ()


def test_yearly_renewal_is_ordered() -> None:
    subscription = with_auto_renewal(service(), duration=Duration("year", 1))
    top_up(subscription)
    passes(FIRST)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (sent_command.expires_at, sent_command.product_id) == (
        END.replace(year=2027),
        offers(subscription)[1].product_id,
    )


def test_renewal_chosen_at_checkout_begins_with_the_service() -> None:
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
    subscription = bought(order)
    assert (subscription.at_expiry, subscription.auto_period_type, subscription.auto_periods) == ("renew", "month", 1)
    passes(NOW + timedelta(minutes=1))
    assert AutoRenewal.objects.get(subscription=subscription).ends_at == subscription.expires_at
    without_renewal = bought(make_order(buyer, offer=make_offer(first.product), paid=True))
    assert without_renewal.at_expiry == "keep"


def test_daily_periods_are_never_bought_in_advance() -> None:
    from tests.factories.products import MONTHLY
    from tradepost.market.base.values import replace

    daily = replace(MONTHLY, period_type="day", period_numbers=(1,), amount=Decimal(3))
    subscription = with_auto_renewal(service(specs=(), prices=(daily,)), duration=Duration("day", 1))
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
