"""The choice for a service's end: set by its buyer only, for services that end, and only if possible (business-rules
§4.5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product
from tests.factories.products import MONTHLY, ON_DEMAND, ONCE
from tests.market.fulfilment.services import END, again, bought, service, tried
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job, Move
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.batch import set_policies
from tradepost.market.fulfilment.expiry_policy import HISTORY, SetExpiryPolicy, renewal_choices, set_expiry_policy
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.identity.models import User
from tradepost.market.orders.auto_renew import DEFAULT_RULE
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until

pytestmark = pytest.mark.django_db
MONTH = Duration("month", 1)


def set_policy(
    subscription: Subscription, at_expiry: str, duration: Duration | None = None, *, buyer: User | None = None,
    now: datetime = NOW,
) -> Subscription:  # fmt: skip
    command = SetExpiryPolicy(subscription=subscription.pk, at_expiry=at_expiry, duration=duration)
    return set_expiry_policy(buyer or subscription.buyer, command, rule=DEFAULT_RULE, now=now)


def refused(
    subscription: Subscription, at_expiry: str, duration: Duration | None = None, *, now: datetime = NOW
) -> tuple[str, str]:
    """Return the refusal's code and field; nothing changed."""

    def stored_rows() -> tuple[object, ...]:
        current = again(subscription)
        rows = (current.at_expiry, current.auto_period_type, current.auto_periods)
        return (
            *rows,
            list(Job.objects.order_by("pk").values()),
            list(AutoRenewal.objects.values()),
            Move.objects.count(),
        )

    before = stored_rows()
    with pytest.raises(Refused) as refusal:
        set_policy(subscription, at_expiry, duration, now=now)
    assert stored_rows() == before
    return refusal.value.code, refusal.value.field


def test_each_choice_is_recorded_with_its_history() -> None:
    subscription = service()
    set_policy(subscription, "renew", Duration("year", 2))
    current = again(subscription)
    assert (current.at_expiry, current.auto_period_type, current.auto_periods) == ("renew", "year", 2)
    set_policy(subscription, "renew", Duration("year", 2))
    set_policy(subscription, "end")
    set_policy(subscription, "keep")
    current = again(subscription)
    assert (current.at_expiry, current.auto_period_type, current.auto_periods) == ("keep", "", 0)
    assert not AutoRenewal.objects.exists()
    moves = Move.objects.filter(lifecycle=HISTORY).order_by("pk").values_list("before", "after", "actor", "note")
    by = subscription.buyer.email
    assert list(moves) == [("keep", "renew", by, "year 2"), ("renew", "end", by, ""), ("end", "keep", by, "")]


def test_shortest_period_comes_first() -> None:
    """business-rules §4.5: cycle = smallest sale period."""
    assert list(renewal_choices(service())) == [Duration("month", n) for n in (1, 3, 6)] + [
        Duration("year", n) for n in (1, 2)
    ]


@pytest.mark.parametrize("duration", [None, Duration("month", 2), Duration("day", 1), Duration("", 0)])
def test_unsold_period_is_refused(duration: Duration | None) -> None:
    assert refused(service(), "renew", duration) == ("policy.duration", "duration")


def test_unknown_choice_is_refused() -> None:
    assert refused(service(), "freeze") == ("policy.unknown", "at_expiry")


@pytest.mark.parametrize(("prices", "mode"), [((ONCE,), "ONE_TIME"), ((ON_DEMAND,), "ON_DEMAND")])
def test_policy_needs_a_period_product(prices: tuple[object, ...], mode: str) -> None:
    """business-rules §4.5: auto: only period products."""
    offer = make_offer(make_product(prices=prices), mode=mode)
    assert refused(bought(make_order(offer=offer, paid=True)), "renew", MONTH) == ("policy.not_possible", "")


def test_trial_ends_without_renewal() -> None:
    """business-rules §3.5."""
    from decimal import Decimal

    from tradepost.market.base.values import replace
    from tradepost.market.catalog.models import Offer

    make_product(
        prices=(MONTHLY, replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True))
    )
    trial = bought(make_order(make_buyer(), offer=Offer.objects.get(trial=True), periods=15, paid=True))
    assert renewal_choices(trial) == {}
    assert refused(trial, "renew", MONTH) == ("policy.not_renewable", "at_expiry")
    set_policy(trial, "end")
    assert again(trial).at_expiry == "end"


def test_withdrawn_product_is_not_renewed_automatically() -> None:
    """business-rules §2.8."""
    subscription = service()
    Product.objects.filter(pk=subscription.product_id).update(status=Product.Status.STOPPED)
    assert refused(subscription, "renew", MONTH) == ("policy.not_renewable", "at_expiry")


def test_ended_service_has_no_policy() -> None:
    subscription = service()
    tried(subscription, Act.RELEASE)
    assert refused(subscription, "keep") == ("policy.not_possible", "")


def test_deletion_at_the_end_cannot_be_chosen_after_the_end() -> None:
    subscription = service()
    assert refused(subscription, "end", now=END) == ("policy.too_late", "at_expiry")
    set_policy(subscription, "end", now=END - timedelta(seconds=1))


def test_automatic_renewal_needs_a_remaining_attempt() -> None:
    """business-rules §4.5: until the last retention day. The market does not promise a renewal that cannot happen."""
    subscription = service()
    last = renewable_until(again(subscription))
    assert last is not None
    assert refused(subscription, "renew", MONTH, now=last - timedelta(hours=1)) == ("policy.too_late", "at_expiry")
    set_policy(subscription, "renew", MONTH, now=last - timedelta(days=1))


def test_deletion_can_be_changed_to_renewal_an_hour_before() -> None:
    """The renewal is attempted at the next 03:00, in the grace period that the service then has."""
    subscription = service()
    set_policy(subscription, "end")
    set_policy(subscription, "renew", MONTH, now=END - timedelta(hours=1))
    auto_renewal = AutoRenewal.objects.get()
    assert auto_renewal.next_at is not None
    assert END < auto_renewal.next_at < END + timedelta(days=1)


def test_only_the_buyer_sets_the_policy() -> None:
    subscription = service()
    with pytest.raises(Subscription.DoesNotExist):
        set_policy(subscription, "end", buyer=make_buyer())
    assert again(subscription).at_expiry == "keep"


def test_one_refusal_does_not_stop_other_policies() -> None:
    first, second = service(), service()
    Subscription.objects.filter(pk=second.pk).update(buyer=first.buyer)
    Product.objects.filter(pk=first.product_id).update(status=Product.Status.STOPPED)
    commands = [
        SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=MONTH)
        for subscription in (first, second)
    ]
    outcomes = set_policies(first.buyer, commands, rule=DEFAULT_RULE, now=NOW)
    assert [(outcome.subscription, outcome.refused.code if outcome.refused else "") for outcome in outcomes] == [
        (first.pk, "policy.not_renewable"), (second.pk, ""),
    ]  # fmt: skip
    assert (again(first).at_expiry, again(second).at_expiry) == ("keep", "renew")
