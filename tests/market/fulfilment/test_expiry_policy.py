"""What a buyer wants at the end of a service: set by its buyer alone, for what has an end, and never for what cannot be (business-rules §4.5)."""

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
from tradepost.market.fulfilment.expiry_policy import HISTORY, SetExpiryPolicy, set_expiry_policy, ways
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.identity.models import User
from tradepost.market.orders.auto_renew import RULE
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import renewable_until

pytestmark = pytest.mark.django_db
MONTH = Duration("month", 1)


def chosen(
    subscription: Subscription, at_expiry: str, duration: Duration | None = None, *, buyer: User | None = None,
    now: datetime = NOW,
) -> Subscription:  # fmt: skip
    command = SetExpiryPolicy(subscription=subscription.pk, at_expiry=at_expiry, duration=duration)
    return set_expiry_policy(buyer or subscription.buyer, command, rule=RULE, now=now)


def refused(
    subscription: Subscription, at_expiry: str, duration: Duration | None = None, *, now: datetime = NOW
) -> tuple[str, str]:
    """Code and field; nothing changed then."""

    def all_of_it() -> tuple[object, ...]:
        held = again(subscription)
        rows = (held.at_expiry, held.auto_period_type, held.auto_periods)
        return (
            *rows,
            list(Job.objects.order_by("pk").values()),
            list(AutoRenewal.objects.values()),
            Move.objects.count(),
        )

    before = all_of_it()
    with pytest.raises(Refused) as why:
        chosen(subscription, at_expiry, duration, now=now)
    assert all_of_it() == before
    return why.value.code, why.value.field


def test_each_choice_is_noted_with_its_history() -> None:
    subscription = service()
    chosen(subscription, "renew", Duration("year", 2))
    held = again(subscription)
    assert (held.at_expiry, held.auto_period_type, held.auto_periods) == ("renew", "year", 2)
    chosen(subscription, "renew", Duration("year", 2))
    chosen(subscription, "end")
    chosen(subscription, "keep")
    held = again(subscription)
    assert (held.at_expiry, held.auto_period_type, held.auto_periods) == ("keep", "", 0)
    assert not AutoRenewal.objects.exists()
    moves = Move.objects.filter(lifecycle=HISTORY).order_by("pk").values_list("before", "after", "actor", "note")
    by = subscription.buyer.email
    assert list(moves) == [("keep", "renew", by, "year 2"), ("renew", "end", by, ""), ("end", "keep", by, "")]


def test_the_shortest_duration_comes_first() -> None:
    """business-rules §4.5: cycle = smallest sale period."""
    assert list(ways(service())) == [Duration("month", n) for n in (1, 3, 6)] + [Duration("year", n) for n in (1, 2)]


@pytest.mark.parametrize("duration", [None, Duration("month", 2), Duration("day", 1), Duration("", 0)])
def test_a_duration_that_is_not_sold_is_refused(duration: Duration | None) -> None:
    assert refused(service(), "renew", duration) == ("policy.duration", "duration")


def test_what_is_no_choice_is_refused() -> None:
    assert refused(service(), "freeze") == ("policy.unknown", "at_expiry")


@pytest.mark.parametrize(("prices", "mode"), [((ONCE,), "ONE_TIME"), ((ON_DEMAND,), "ON_DEMAND")])
def test_what_is_not_sold_by_period_has_no_policy(prices: tuple[object, ...], mode: str) -> None:
    """business-rules §4.5: auto: only period products."""
    offer = make_offer(make_product(prices=prices), mode=mode)
    assert refused(bought(make_order(offer=offer, paid=True)), "renew", MONTH) == ("policy.not_possible", "")


def test_a_trial_ends_and_is_not_renewed() -> None:
    """business-rules §3.5."""
    from decimal import Decimal

    from tradepost.market.base.values import replace
    from tradepost.market.catalog.models import Offer

    make_product(
        prices=(MONTHLY, replace(MONTHLY, amount=Decimal(0), period_type="day", period_numbers=(15,), trial=True))
    )
    trial = bought(make_order(make_buyer(), offer=Offer.objects.get(trial=True), periods=15, paid=True))
    assert ways(trial) == {}
    assert refused(trial, "renew", MONTH) == ("policy.not_renewable", "at_expiry")
    chosen(trial, "end")
    assert again(trial).at_expiry == "end"


def test_what_was_withdrawn_from_sale_cannot_be_renewed_automatically() -> None:
    """business-rules §2.8."""
    subscription = service()
    Product.objects.filter(pk=subscription.product_id).update(status=Product.Status.STOPPED)
    assert refused(subscription, "renew", MONTH) == ("policy.not_renewable", "at_expiry")


def test_what_has_ended_has_no_policy() -> None:
    subscription = service()
    tried(subscription, Act.RELEASE)
    assert refused(subscription, "keep") == ("policy.not_possible", "")


def test_after_the_end_it_cannot_be_deleted_at_its_end() -> None:
    subscription = service()
    assert refused(subscription, "end", now=END) == ("policy.too_late", "at_expiry")
    chosen(subscription, "end", now=END - timedelta(seconds=1))


def test_when_no_try_is_left_it_cannot_be_asked_for() -> None:
    """business-rules §4.5: until the last retention day; a promise that nothing can keep is not given."""
    subscription = service()
    last = renewable_until(again(subscription))
    assert last is not None
    assert refused(subscription, "renew", MONTH, now=last - timedelta(hours=1)) == ("policy.too_late", "at_expiry")
    chosen(subscription, "renew", MONTH, now=last - timedelta(days=1))


def test_what_was_to_be_deleted_an_hour_later_can_still_be_renewed() -> None:
    """Its buyer thinks better of it: tried at the next 03:00, in the grace that it has then."""
    subscription = service()
    chosen(subscription, "end")
    chosen(subscription, "renew", MONTH, now=END - timedelta(hours=1))
    planned = AutoRenewal.objects.get()
    assert planned.next_at is not None
    assert END < planned.next_at < END + timedelta(days=1)


def test_nobody_chooses_for_another() -> None:
    subscription = service()
    with pytest.raises(Subscription.DoesNotExist):
        chosen(subscription, "end", buyer=make_buyer())
    assert again(subscription).at_expiry == "keep"


def test_of_many_one_that_is_refused_stops_no_other() -> None:
    first, second = service(), service()
    Subscription.objects.filter(pk=second.pk).update(buyer=first.buyer)
    Product.objects.filter(pk=first.product_id).update(status=Product.Status.STOPPED)
    commands = [SetExpiryPolicy(subscription=one.pk, at_expiry="renew", duration=MONTH) for one in (first, second)]
    outcomes = set_policies(first.buyer, commands, rule=RULE, now=NOW)
    assert [(one.subscription, one.refused.code if one.refused else "") for one in outcomes] == [
        (first.pk, "policy.not_renewable"), (second.pk, ""),
    ]  # fmt: skip
    assert (again(first).at_expiry, again(second).at_expiry) == ("keep", "renew")
