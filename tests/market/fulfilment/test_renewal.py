"""A paid renewal: called in its turn, effective when the seller did it, kept or refunded when not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import translation

from tests.factories import NOW, make_operator
from tests.market.engine import answer, react
from tests.market.fulfilment.services import (
    BY,
    END,
    FIRST_REMINDER,
    FREEZE,
    NEXT_END,
    RELEASE,
    again,
    command,
    done,
    failed,
    offers,
    open_call,
    order_status,
    ordered,
    passes,
    progress_of,
    renewed,
    service,
    told,
    tried,
)
from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.fulfilment import advance, earning
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import may_refund, refund_order, stopped_orders
from tradepost.market.fulfilment.restart import may_restart, restart
from tradepost.market.fulfilment.sandbox import SandboxAct, start_act
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.fulfilment.timers import EARN, LIFE
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.commands import InstanceStatus, Refresh, Scene, SetStatus

pytestmark = pytest.mark.django_db
UNFREEZE = InstanceStatus.UNFREEZE
PRICE = 10_000


def operation_of(order: Order) -> Operation:
    return Operation.objects.select_related("call").get(line__order=order)


def balance(subscription: Subscription) -> Money:
    return ledger.buyer_account(subscription.buyer, "CNY").balance


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1", "license_v1", "license_online"])
def test_paid_renewal_is_sent_to_the_seller_and_then_takes_effect(spoken: str) -> None:
    """saas-v2 §3.3, saas-v1-license A2.3, B1, B3: a new order and the absolute expiry; business-rules §4.4: from the end on."""
    subscription = service(spoken)
    seller_balance = ledger.seller_account(subscription.seller, "CNY").balance
    tell_before = told("order_completed")
    order = renewed(subscription)
    call = open_call()
    sent_command = command(call)
    assert isinstance(sent_command, Refresh)
    assert (sent_command.scene, sent_command.order_id, sent_command.expires_at, sent_command.product_id) == (
        Scene.RENEWAL, order.number, NEXT_END, "",
    )  # fmt: skip
    assert sent_command.purchase is not None
    assert sent_command.purchase.amount == Money(PRICE, "CNY").major
    seller_order = order_of_seller(order.number, subscription.seller_id)
    assert seller_order is not None
    assert (seller_order.order_type, seller_order.lines[0].expires_at, seller_order.lines[0].currency) == (
        "RENEW",
        NEXT_END,
        "100",
    )
    assert again(subscription).expires_at == END, "unchanged until the seller did it"
    assert ledger.money_in_clearing(order.number) == PRICE

    done(call)
    assert again(subscription).expires_at == NEXT_END
    assert (order_status(order), ledger.money_in_clearing(order.number)) == ("completed", PRICE)
    assert ledger.seller_account(subscription.seller, "CNY").balance == seller_balance, "its period has not begun"
    assert (told("service_renewed"), told("order_completed")) == (1, tell_before)
    assert ledger.verify().problems == ()


def test_renewal_is_earned_when_its_period_begins() -> None:
    """business-rules §8.2."""
    subscription = service()
    order = renewed(subscription)
    done(open_call())
    period = Period.objects.get(line_number=f"{order.number}-000001")
    assert (period.starts_at, period.ends_at, period.paid_minor, period.earned_at) == (END, NEXT_END, PRICE, None)
    assert set(Job.objects.filter(kind=EARN).values_list("key", "due_at")) == {(str(subscription.pk), END)}
    passes(END - timedelta(seconds=1))
    assert ledger.money_in_clearing(order.number) == PRICE
    passes(END)
    period.refresh_from_db()
    assert (ledger.money_in_clearing(order.number), period.earned_at) == (0, END)
    assert ledger.seller_account(subscription.seller, "CNY").balance.minor == 2 * PRICE
    assert set(Job.objects.filter(kind=LIFE).values_list("due_at", flat=True)) == {FIRST_REMINDER + timedelta(days=30)}
    passes(NEXT_END - timedelta(seconds=1))
    assert ledger.seller_account(subscription.seller, "CNY").balance.minor == 2 * PRICE, "once"
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("at_their_moments", [True, False])
def test_skipped_earnings_are_booked_in_one_transaction(at_their_moments: bool) -> None:
    """business-rules §8.2, decision 0050: a sandbox books at the past moments; a real market that was down books at the
    present."""
    subscriptions = [service() for _ in range(2)]
    for subscription, later in zip(subscriptions, (timedelta(), timedelta(hours=3)), strict=True):
        renewed(subscription)
        done(open_call())
        Period.objects.filter(subscription=subscription, starts_at=END).update(starts_at=END + later)
    due = END + timedelta(hours=5)
    payloads = [{"subscription": subscription.pk} for subscription in subscriptions]
    for _twice in range(2):
        with transaction.atomic():
            assert earning.earn_when_begun(payloads, due, at_their_moments=at_their_moments) == [None, None]
    moments = [END, END + timedelta(hours=3)] if at_their_moments else [due, due]
    assert list(Period.objects.exclude(starts_at=NOW).order_by("pk").values_list("earned_at", flat=True)) == moments
    transfers = Transfer.objects.filter(reason="earned", at__gte=END).order_by("pk")
    assert list(transfers.values_list("at", flat=True)) == moments
    assert ledger.verify().problems == ()


def test_timer_of_an_earlier_release_sets_the_new_one() -> None:
    subscription = service()
    renewed(subscription)
    done(open_call())
    Job.objects.filter(kind=EARN).delete()
    Job.objects.filter(kind=LIFE).update(due_at=END)
    passes(END)
    assert Period.objects.get(subscription=subscription, starts_at=END).earned_at == END
    assert Job.objects.get(kind=LIFE).due_at == FIRST_REMINDER + timedelta(days=30)


def test_renewal_by_the_year_sends_and_keeps_the_new_product_id() -> None:
    """saas-v2 §3.3."""
    subscription = service()
    yearly = offers(subscription)[1]
    renewed(subscription, product_id=yearly.product_id)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (sent_command.product_id, sent_command.expires_at) == (
        yearly.product_id,
        datetime(2027, 4, 1, 8, 0, tzinfo=UTC),
    )
    done(open_call())
    assert again(subscription).offer_id == yearly.pk


@pytest.mark.parametrize(("spoken", "thawed_by"), [("saas_v2", "call"), ("saas_v1", "refresh")])
def test_renewal_in_retention_starts_at_the_old_end_and_thaws(spoken: str, thawed_by: str) -> None:
    """business-rules §4.4: renewal unfreezes; saas-v2 §3.4; saas-v1-license A2.4: there the refresh thaws."""
    subscription, later = service(spoken), END + timedelta(days=5)
    passes(FREEZE)
    done(open_call(), now=FREEZE)
    assert told("service_expired_renewable") == 1
    order = renewed(subscription, now=later)
    passes(RELEASE)
    assert open_call().kind == "Refresh", "no release during the renewal"
    assert again(subscription).status == "frozen", "frozen until the seller did it"
    done(open_call(), now=later)
    current = again(subscription)
    assert (current.expires_at, current.status, order_status(order)) == (NEXT_END, "active", "completed")
    if thawed_by == "call":
        assert current.seller_state == "frozen"
        assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=UNFREEZE)
        done(open_call(), now=later)
    assert again(subscription).seller_state == "active"
    assert ledger.money_in_clearing(order.number) == 0, "its period has begun"
    passes(RELEASE + timedelta(hours=1))
    assert not Call.objects.filter(kind="Release").exists()


def test_renewed_service_has_no_reminder_of_the_old_end() -> None:
    subscription = service()
    renewed(subscription, now=FIRST_REMINDER - timedelta(minutes=1))
    passes(END - timedelta(seconds=1))
    assert told("service_to_renew") == 0
    done(open_call(), now=END - timedelta(seconds=1))
    passes(NEXT_END - timedelta(seconds=1))
    assert told("service_to_renew") == 3, "of the new end"


# --- sellers that fail -------------------------------------------------------------------------------------------------


def test_failed_renewal_is_kept_and_may_be_refunded_by_an_operator() -> None:
    """saas-v2 §3.10: stops; manual restart. business-rules §4.7: a renewal that is not effective is refunded in full."""
    subscription = service()
    before, refunds = balance(subscription), told("order_refunded")
    order = renewed(subscription)
    assert not may_refund(order)
    failed(open_call())
    assert (order_status(order), ledger.money_in_clearing(order.number)) == ("processing", PRICE)
    assert may_restart(operation_of(order))
    assert (told("renewal_waits"), list(stopped_orders())) == (1, [order])
    assert progress_of(order).stopped

    refund_order(order, reason="agreed by telephone", actor=BY, now=NOW)
    react(now=NOW)
    assert (order_status(order), ledger.money_in_clearing(order.number)) == ("refunded", 0)
    assert balance(subscription) == before
    assert (told("renewal_refunded"), told("order_refunded"), stopped_orders().count()) == (1, refunds, 0)
    assert not may_restart(operation_of(order))
    assert (again(subscription).status, again(subscription).expires_at) == ("active", END)
    assert not Call.objects.filter(kind="Release").exists(), "the service itself stays"
    renewed(subscription)


def test_restarted_renewal_sends_the_same_end() -> None:
    """operations.md §8: an end is computed only once."""
    subscription = service()
    order = renewed(subscription)
    failed(open_call())
    passes(FREEZE)
    done(open_call(), now=FREEZE)
    assert again(subscription).status == "frozen"
    later = END + timedelta(days=3)
    restart(operation_of(order), actor="seller", now=later)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert sent_command.expires_at == NEXT_END
    assert not may_refund(order)
    done(open_call(), now=later)
    done(open_call(), now=later)
    current = again(subscription)
    assert (current.expires_at, current.status, current.seller_state) == (NEXT_END, "active", "active")
    assert ledger.verify().problems == ()


def test_release_refunds_open_renewals() -> None:
    """saas-v2 §3.3: a lasting failure can lead to the release; the renewal is refunded then."""
    subscription = service()
    before = balance(subscription)
    order = renewed(subscription)
    failed(open_call())
    passes(FREEZE)
    done(open_call(), now=FREEZE)
    passes(RELEASE)
    assert again(subscription).status == "releasing"
    done(open_call(), now=RELEASE)
    assert (again(subscription).status, order_status(order)) == ("released", "refunded")
    assert balance(subscription) == before
    assert not may_restart(operation_of(order))
    assert told("renewal_refunded") == 1
    assert ledger.verify().problems == ()


def test_unpaid_renewal_ends_with_the_service() -> None:
    subscription = service()
    order = ordered(subscription)
    tried(subscription, Act.RELEASE)
    assert order_status(order) == "cancelled"
    assert not Job.objects.filter(kind="orders.unpaid_timeout", key=order.number).exists()
    assert told("order_cancelled_timeout") == 0


def test_renewal_without_an_address_is_refunded() -> None:
    subscription = service()
    before, calls = balance(subscription), Call.objects.count()
    Binding.objects.all().delete()
    order = renewed(subscription)
    assert (order_status(order), Call.objects.count()) == ("refunded", calls)
    assert balance(subscription) == before
    assert told("renewal_refunded") == 1


def test_renewal_without_an_end_is_refunded_and_notified() -> None:
    """Checkout makes no such order. If a row is broken later, the payment is not kept silently."""
    make_operator()
    subscription = service()
    before, calls = balance(subscription), Call.objects.count()
    order = ordered(subscription)
    pay_order(order, now=NOW)
    Subscription.objects.filter(pk=subscription.pk).update(expires_at=None)
    react(now=NOW)
    assert (order_status(order), Call.objects.count()) == ("refunded", calls)
    assert balance(subscription) == before
    assert (told("renewal_refunded"), told("operator_gave_up")) == (1, 1)
    assert ledger.verify().problems == ()


@pytest.mark.parametrize("released", [False, True])
def test_renewal_of_an_ending_service_is_refunded(*, released: bool) -> None:
    """Paid in time, but its event is handled after the service began to end, or ended."""
    subscription = service()
    order = ordered(subscription)
    pay_order(order, now=NOW)
    start_act(SandboxAct(subscription=subscription, act=Act.RELEASE, actor=BY, now=NOW), sandbox=True)
    if released:
        call = answer(open_call(), now=NOW)
        advance.on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome="done"), NOW)
    assert again(subscription).status == ("released" if released else "releasing")
    react(now=NOW)
    assert (order_status(order), ledger.money_in_clearing(order.number)) == ("refunded", 0)
    assert not Call.objects.filter(kind="Refresh").exists()
    assert ledger.verify().problems == ()


def test_renewal_after_the_retention_is_refunded() -> None:
    """business-rules §4.4: renewal is possible in the retention; a later event is refunded."""
    subscription = service()
    passes(FREEZE)
    done(open_call(), now=FREEZE)
    order = ordered(subscription, now=RELEASE - timedelta(minutes=1))
    pay_order(order, now=RELEASE - timedelta(minutes=1))
    with translation.override("en"):
        react(now=RELEASE)
    assert (order_status(order), ledger.money_in_clearing(order.number)) == ("refunded", 0)
    operation = operation_of(order)
    assert (operation.status, operation.call) == ("gave_up", None)
    assert "The renewal period has ended, so this service can no longer be renewed" in operation.note
    assert told("renewal_refunded") == 1
    passes(RELEASE)
    assert open_call().kind == "Release", "the release continues"
