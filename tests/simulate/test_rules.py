"""Each rule can fail: one fault is added to a healthy market, and its rule reports it (operations §6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from tradepost.cli.template import EMPTY_DATABASE
from tradepost.kit.answers import InstanceState
from tradepost.market.base.models import Event
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Account, Entry, Transfer
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.simulate import rules
from tradepost.simulate.agreement import AGREEMENTS, disagreements
from tradepost.simulate.database import temporary_database
from tradepost.simulate.plan import Plan
from tradepost.simulate.run import Running, running_market
from tradepost.simulate.sellers import SimulatedSeller

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def running(django_db_blocker) -> Iterator[Running]:
    """Return a healthy market after some weeks, for all tests of this file."""
    with (
        django_db_blocker.unblock(),
        temporary_database(),
        running_market(Plan(seed=12, days=30, sellers=2, buyers=4, faults=0), template=EMPTY_DATABASE) as made,
    ):
        outcome = made.run()
        assert outcome.violations == []
        assert Subscription.objects.filter(status="active").exclude(expires_at=None).exists()
        yield made


def broken_rules(running: Running, spoil: Callable[[Running], object]) -> set[str]:
    """Return the rules that are broken after the fault."""
    with transaction.atomic():
        spoil(running)
        names = {one.rule for one in rules.violations(running.now, at_rest=True)}
        names |= {one.rule for one in disagreements(running.sellers)}
        transaction.set_rollback(True)
    return names


def period() -> Period:
    """Return a period in use, of a seller whose protocol reports everything."""
    own = Period.objects.filter(subscription__status="active", subscription__seller__slug="seller0")
    return own.filter(cancelled_at=None).earliest("pk")


def another_period(**changes: object) -> None:
    """Return a copy with these changes."""
    one = period()
    one.pk, one.line_number = None, f"{one.line_number}-x"
    for name, value in changes.items():
        setattr(one, name, value)
    one.save(force_insert=True)


def service(**changes: object) -> Subscription:
    """Return the service of that period, changed."""
    key = period().subscription_id
    Subscription.objects.filter(pk=key).update(**changes)
    return Subscription.objects.get(pk=key)


def order(**changes: object) -> Order:
    """Return the order of that period, changed."""
    number = OrderLine.objects.values_list("order", flat=True).get(number=period().line_number)
    Order.objects.filter(pk=number).update(**changes)
    return Order.objects.get(pk=number)


def paid_back_twice(_running: Running) -> None:
    one = order()
    booked = Transfer.objects.create(
        reason=Transfer.Reason.REFUND, reference="x", order_number=one.number, actor="x", at=one.placed_at
    )
    amount = one.total_minor + 1
    own = ledger.buyer_account(one.buyer, one.currency)
    held = ledger.market_account(Account.Kind.CLEARING, one.currency)
    Entry.objects.create(transfer=booked, account=held, amount_minor=-amount)
    Entry.objects.create(transfer=booked, account=own, amount_minor=amount)


def two_run(_running: Running) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX operation_one_running")
    Operation.objects.filter(pk__in=Operation.objects.order_by("pk").values("pk")[:2]).update(
        status="running", lane="instance:1"
    )


def tried_twice(_running: Running) -> None:
    one = period()
    Order.objects.filter(order_type="NEW").update(order_type="TRIAL", buyer=User.objects.earliest("pk"))
    OrderLine.objects.update(offer=one.offer_id)


def two_renewals(_running: Running) -> None:
    Order.objects.update(order_type="RENEW", status="unpaid", pay_before=_running.now + DAY)
    OrderLine.objects.update(subscription=period().subscription_id)


def frozen_early(_running: Running) -> None:
    one = service(status="frozen", expires_at=_running.now + DAY)
    Freeze.objects.create(subscription=one, reason="expired", since=_running.now, actor="x")


FAULTS: Mapping[str, Callable[[Running], object]] = {
    "periods do not overlap": lambda _: another_period(),
    "paid time has no gap but after an ended trial": lambda _: another_period(
        starts_at=period().ends_at + HOUR, ends_at=period().ends_at + DAY
    ),
    "the last period ends the service": lambda r: service(expires_at=r.now + 400 * DAY),
    "a change lies within the time that is paid": lambda _: another_period(
        kind="change", starts_at=period().starts_at - HOUR
    ),
    "nothing that was paid back is live": lambda _: order(status="refunded"),
    "no more is paid back than was paid": paid_back_twice,
    "what is held is what was paid and has not begun": paid_back_twice,
    "nothing is earned before its time begins": lambda _: Period.objects.update(earned_at=F("starts_at") - HOUR),
    "a period costs what its line does": lambda _: Period.objects.update(paid_minor=F("paid_minor") + 1),
    "what runs waits for a call or its end": lambda _: Operation.objects.filter(
        pk=Operation.objects.earliest("pk").pk
    ).update(status="running"),
    "one thing at a time is done to a service": two_run,
    "what is queued waits for something that runs": lambda _: Operation.objects.update(status="queued"),
    "what was paid is being done": lambda _: order(status="processing"),
    "frozen if and only if a reason stands": lambda _: service(status="frozen"),
    "frozen for its end is what has ended": frozen_early,
    "a trial is given once": tried_twice,
    "one order at a time is about a service": two_renewals,
    "our own part of a call never fails": lambda _: Attempt.objects.update(verdict="internal"),
    "what has begun is earned": lambda _: Period.objects.update(earned_at=None),
    "when it ends its grace begins": lambda r: service(expires_at=r.now - HOUR, freeze_at=None),
    "after its grace it is frozen": lambda r: service(freeze_at=r.now - HOUR, release_at=r.now + DAY),
    "after its retention it is released": lambda r: service(freeze_at=r.now - DAY, release_at=r.now - HOUR),
    "what is not paid in time is cancelled": lambda r: order(status="unpaid", pay_before=r.now - HOUR),
    "nothing fails inside": lambda r: Event.objects.create(name="x", error="x", created_at=r.now, due_at=r.now),
}


def seller_of(running: Running) -> tuple[SimulatedSeller, str]:
    one = service()
    return running.sellers[one.seller_id], one.instance_id


def froze(running: Running) -> None:
    seller, instance = seller_of(running)
    seller.store.set_frozen(instance, frozen=True)


def thawed(running: Running) -> None:
    seller, instance = seller_of(running)
    seller.store.set_frozen(instance, frozen=False)


def refreshed(running: Running) -> None:
    """The seller finally executed the call but stores another expiry."""
    one = service(expires_at=running.now + 500 * DAY)
    call = Call.objects.filter(subscription=one).earliest("pk")
    Call.objects.filter(pk=call.pk).update(kind="Refresh", command={"expires_at": "2027-03-01T00:00:00Z"})


AT_ODDS: Mapping[str, Callable[[Running], object]] = {
    "the seller is told of a freeze and of its end": lambda _: service(seller_state="frozen"),
    "the seller knows what it delivered": lambda _: service(instance_id="another"),
    "what was released is gone": lambda _: service(status="released"),
    "the seller's state is what the market believes": lambda _: service(seller_state="frozen"),
    "the seller's expiry is the market's": refreshed,
    "nothing is left behind at a seller": lambda _: service(instance_id=""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_rule_reports_its_fault(running: Running, name: str) -> None:
    assert name in broken_rules(running, FAULTS[name])


def test_service_may_end_before_its_seller_hears_of_a_refunded_renewal(running: Running) -> None:
    """Decision 0045: a seller who does not answer must not delay others (seed 2039)."""

    def two_told(_running: Running) -> None:
        two = list(Order.objects.order_by("pk").values_list("pk", flat=True)[:2])
        Order.objects.filter(pk__in=two).update(order_type="UNSUBSCRIBE", status="processing")
        OrderLine.objects.filter(order__in=two).update(subscription=period().subscription_id)

    assert "one order at a time is about a service" not in broken_rules(running, two_told)


def test_every_rule_has_a_fault() -> None:
    assert list(FAULTS) == [rule.name for rule in rules.RULES]


@pytest.mark.parametrize("name", AT_ODDS)
def test_seller_s_store_is_compared_with_the_market(running: Running, name: str) -> None:
    assert name in broken_rules(running, AT_ODDS[name])


def test_changes_that_the_seller_made_are_reported(running: Running) -> None:
    """Sellers may repair their stores manually."""
    seller, instance = seller_of(running)
    froze(running)
    try:
        assert "the seller's state is what the market believes" in broken_rules(running, lambda _: None)
    finally:
        thawed(running)
    assert broken_rules(running, lambda _: None) == set()
    known = seller.find(instance)
    assert known is not None
    assert known.state is InstanceState.ACTIVE


def test_instance_created_twice_is_reported(running: Running) -> None:
    seller, _instance = seller_of(running)
    seller.made["an order", "a line"] = 2
    try:
        assert broken_rules(running, lambda _: None) == {"each instance is created once"}
    finally:
        del seller.made["an order", "a line"]


def test_every_comparison_is_covered() -> None:
    """The others are about the money as a whole and about the end of a run."""
    others = {
        "what is in use is there",
        "each instance is created once",
        "the ledger adds up",
        "everything comes to its end",
    }
    assert set(AGREEMENTS) == set(AT_ODDS) | others
