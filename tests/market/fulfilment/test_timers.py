"""The one timer of a service: reminded, frozen, released and earned when each is due, whatever happens twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.services import (
    END,
    NEXT_END,
    again,
    command,
    done,
    failed,
    open_call,
    passes,
    renewed,
    service,
    told,
    tried,
)
from tradepost.market.base.models import Job
from tradepost.market.fulfilment import live
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.fulfilment.timers import AGAIN, LIFE
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.life import REMIND
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import RETENTION
from tradepost.protocols.commands import InstanceStatus, SetStatus

pytestmark = pytest.mark.django_db


def due(subscription: Subscription) -> datetime | None:
    """Of its only timer; None when it has none."""
    found = list(Job.objects.filter(kind=LIFE, key=str(subscription.pk)).values_list("due_at", flat=True))
    assert len(found) <= 1
    return found[0] if found else None


def test_a_period_that_ends_is_frozen_and_after_fifteen_days_released() -> None:
    """business-rules §4.4."""
    subscription = service()
    assert due(subscription) == END - REMIND
    passes(END - timedelta(seconds=1))
    assert (again(subscription).status, due(subscription), told("service_ends_soon")) == ("active", END, 1)
    passes(END)
    assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.FREEZE)
    assert (again(subscription).status, due(subscription)) == ("frozen", END + RETENTION)
    reason = Freeze.objects.get()
    assert (reason.reason, reason.since, reason.actor, reason.lifted_at) == ("expired", END, "market", None)
    done(open_call(), now=END)
    passes(END + RETENTION - timedelta(seconds=1))
    assert again(subscription).status == "frozen"
    passes(END + RETENTION)
    assert (again(subscription).status, due(subscription)) == ("releasing", None)
    done(open_call(), now=END + RETENTION)
    assert (again(subscription).status, due(subscription)) == ("released", None)
    assert (told("service_expired_renewable"), told("service_released")) == (1, 1)


def test_the_buyer_is_reminded_once_a_week_before_the_end() -> None:
    subscription = service()
    calls = Call.objects.count()
    for moment in (END - REMIND, END - REMIND, END - REMIND + timedelta(hours=1)):
        with transaction.atomic():
            live.live({"subscription": subscription.pk}, moment)
        react(now=moment)
    assert (told("service_ends_soon"), told("service_ends")) == (1, 0)
    assert (due(subscription), Call.objects.count()) == (END, calls)


def test_a_timer_that_comes_twice_does_everything_once() -> None:
    """A worker may die between doing it and saying so."""
    subscription = service()
    for moment in (END, END + RETENTION):
        for _ in range(2):
            with transaction.atomic():
                live.live({"subscription": subscription.pk}, moment)
            react(now=moment)
        done(open_call(), now=moment)
    assert (Freeze.objects.count(), told("service_released")) == (1, 1)
    kinds = Operation.objects.exclude(kind="open").order_by("pk").values_list("kind", "status")
    assert list(kinds) == [("freeze", "done"), ("release", "done")]


def test_a_timer_that_comes_much_later_still_freezes_first() -> None:
    """The market was down: the buyer is told of the end, and nothing is deleted on the same day."""
    subscription = service()
    late = END + timedelta(days=10)
    with transaction.atomic():
        live.live({"subscription": subscription.pk}, late)
    assert (again(subscription).status, due(subscription)) == ("frozen", END + RETENTION)
    assert not Operation.objects.filter(kind="release").exists()


@pytest.mark.parametrize("ends", ["done", "stopped"])
def test_while_a_renewal_is_under_way_no_timer_is_set_and_its_end_sets_it(ends: str) -> None:
    """operations.md §3: nothing asks again and again whether it has ended."""
    subscription = service()
    passes(END)
    done(open_call(), now=END)
    later = END + timedelta(days=1)
    renewed(subscription, now=later)
    passes(END + RETENTION)
    assert due(subscription) is None
    assert open_call().kind == "Refresh"
    (done if ends == "done" else failed)(open_call(), now=END + RETENTION)
    assert due(subscription) == (NEXT_END - REMIND if ends == "done" else END + RETENTION)
    passes(END + RETENTION)
    assert again(subscription).status == ("active" if ends == "done" else "releasing")


def test_a_service_that_is_renewed_before_its_end_is_never_frozen() -> None:
    """business-rules §4.4: nobody who paid is locked out while the seller is asked."""
    subscription = service()
    renewed(subscription, now=END - timedelta(minutes=1))
    passes(END + timedelta(days=2))
    assert again(subscription).status == "active"
    done(open_call(), now=END + timedelta(days=2))
    passes(END + timedelta(days=3))
    assert (again(subscription).status, Freeze.objects.count()) == ("active", 0)
    assert Period.objects.filter(earned_at=None).count() == 0
    assert ledger.verify().problems == ()


def test_what_is_sold_once_has_no_timer() -> None:
    assert due(service(once=True)) is None


def test_a_release_takes_the_timer_with_it() -> None:
    subscription = service()
    tried(subscription, Act.RELEASE)
    assert due(subscription) is None


def test_a_service_that_is_gone_has_nothing_due() -> None:
    subscription = service()
    tried(subscription, Act.RELEASE)
    done(open_call())
    operations = Operation.objects.count()
    with transaction.atomic():
        assert live.live({"subscription": subscription.pk}, END + RETENTION) is None
        assert live.live({"subscription": 10**9}, NOW) is None
    assert Operation.objects.count() == operations
    assert timedelta() < AGAIN <= timedelta(minutes=1)
