"""The one timer of a service: reminded, frozen, released and earned when each is due, whatever happens twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.services import (
    BY,
    END,
    FIRST_REMINDER,
    FREEZE,
    NEXT_END,
    RELEASE,
    RETENTION,
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
from tradepost.market.base import jobs
from tradepost.market.base.models import Job
from tradepost.market.base.work import State
from tradepost.market.fulfilment import live
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.fulfilment.timers import AGAIN, LIFE
from tradepost.market.identity.customer_level import set_level
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.wiring import TASKS
from tradepost.protocols.commands import InstanceStatus, Release, SetStatus

pytestmark = pytest.mark.django_db


def due(subscription: Subscription) -> datetime | None:
    """Of its only timer; None when it has none."""
    found = list(Job.objects.filter(kind=LIFE, key=str(subscription.pk)).values_list("due_at", flat=True))
    assert len(found) <= 1
    return found[0] if found else None


def test_a_period_that_ends_is_usable_for_the_grace_then_frozen_and_after_the_retention_released() -> None:
    """business-rules §4.4; operations.md §4 "Life": half-open."""
    subscription = service()
    assert due(subscription) == FIRST_REMINDER
    passes(END - timedelta(seconds=1))
    held = again(subscription)
    assert (held.status, held.freeze_at, held.release_at, due(held)) == ("active", None, None, END)
    passes(END)
    held = again(subscription)
    assert (held.status, held.freeze_at, held.release_at, due(held)) == ("active", FREEZE, RELEASE, FREEZE)
    assert not Freeze.objects.exists()
    assert not Call.objects.exclude(state=State.ENDED).exists(), "its seller is asked nothing"
    passes(FREEZE - timedelta(seconds=1))
    assert again(subscription).status == "active"
    passes(FREEZE)
    assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.FREEZE)
    assert (again(subscription).status, due(subscription)) == ("frozen", RELEASE)
    reason = Freeze.objects.get()
    assert (reason.reason, reason.since, reason.actor, reason.lifted_at) == ("expired", FREEZE, "market", None)
    done(open_call(), now=FREEZE)
    passes(RELEASE - timedelta(seconds=1))
    assert again(subscription).status == "frozen"
    passes(RELEASE)
    assert (again(subscription).status, due(subscription)) == ("releasing", None)
    done(open_call(), now=RELEASE)
    assert (again(subscription).status, due(subscription)) == ("released", None)
    kinds = ("service_to_renew", "service_in_grace", "service_expired_renewable", "service_released")
    assert [told(kind) for kind in kinds] == [3, 1, 1, 1]


def test_the_buyer_is_reminded_once_for_each_day_however_often_the_timer_comes() -> None:
    """operations.md §7: at 09:00 of the market's zone."""
    subscription = service()
    calls = Call.objects.count()
    for moment in (FIRST_REMINDER, FIRST_REMINDER, FIRST_REMINDER + timedelta(hours=1)):
        with transaction.atomic():
            live.live({"subscription": subscription.pk}, moment)
        react(now=moment)
    assert told("service_to_renew") == 1
    assert (due(subscription), Call.objects.count()) == (FIRST_REMINDER + timedelta(days=8), calls)
    passes(END - timedelta(seconds=1))
    assert told("service_to_renew") == 3


def test_a_level_that_changes_in_the_grace_moves_nothing() -> None:
    """operations.md §7: the level is that of the moment when grace begins."""
    subscription = service()
    set_level(subscription.buyer, "V5", reason="a good year", actor=BY, now=END - timedelta(days=1))
    passes(END)
    set_level(subscription.buyer, "V0", reason="a bad one", actor=BY, now=END)
    held = again(subscription)
    assert (held.freeze_at, held.release_at) == (END + timedelta(days=7), END + timedelta(days=22))
    passes(END + timedelta(days=7))
    done(open_call(), now=END + timedelta(days=7))
    passes(END + timedelta(days=22))
    assert again(subscription).status == "releasing"


def test_what_its_buyer_does_not_renew_is_released_at_its_end() -> None:
    """business-rules §4.5: no grace and no retention; it is not frozen first."""
    subscription = service()
    Subscription.objects.filter(pk=subscription.pk).update(at_expiry="end")
    passes(END)
    assert (again(subscription).status, due(subscription), Freeze.objects.count()) == ("releasing", None, 0)
    assert command(open_call()) == Release(instance_id=subscription.instance_id)
    done(open_call(), now=END)
    assert (told("service_ends_for_good"), told("service_in_grace"), told("service_released")) == (3, 0, 1)


def test_a_renewal_that_stopped_keeps_even_what_was_to_end() -> None:
    """Who pays wants it: nothing is deleted because a seller's server is down."""
    subscription = service()
    Subscription.objects.filter(pk=subscription.pk).update(at_expiry="end")
    renewed(subscription, now=END - timedelta(hours=1))
    failed(open_call(), now=END - timedelta(minutes=1))
    passes(END)
    held = again(subscription)
    assert (held.status, held.freeze_at, held.release_at) == ("active", FREEZE, RELEASE)


def test_a_renewal_in_the_grace_counts_from_the_end_and_nothing_is_frozen() -> None:
    """business-rules §4.4."""
    subscription = service()
    passes(END)
    renewed(subscription, now=END + timedelta(hours=1))
    passes(FREEZE + timedelta(days=1))
    assert again(subscription).status == "active"
    done(open_call(), now=FREEZE + timedelta(days=1))
    held = again(subscription)
    assert (held.expires_at, held.freeze_at, held.release_at) == (NEXT_END, None, None)
    assert (Freeze.objects.count(), told("service_unfrozen")) == (0, 0)


def test_many_that_are_due_together_are_done_in_as_many_statements_as_one() -> None:
    """Decision 0014, for timers."""
    for many, moment in ((1, FIRST_REMINDER), (6, FIRST_REMINDER)):
        pks = [service().pk for _ in range(many)]
        with transaction.atomic(), CaptureQueriesContext(connection) as asked:
            live.live.many([{"subscription": pk} for pk in pks], moment)
        assert len(asked) == 9 - (connection.vendor == "postgresql"), many  # there timers are set in one message
    Job.objects.all().delete()


def test_of_those_that_are_paid_back_with_their_release_one_goes_at_a_time() -> None:
    """operations.md §6: buyers' accounts are locked last; a batch locks one of them."""
    held = [service() for _ in range(3)]
    passes(FREEZE)
    for call in Call.objects.exclude(state=State.ENDED).order_by("pk"):
        done(call, now=FREEZE)
    for one in held:
        renewed(one, now=FREEZE)
        failed(open_call(), now=FREEZE)
    with transaction.atomic():
        live.live.many([{"subscription": one.pk} for one in held], RELEASE)
    assert sorted(again(one).status for one in held) == ["frozen", "frozen", "releasing"]
    passes(RELEASE)
    assert {again(one).status for one in held} == {"releasing"}
    assert ledger.verify().problems == ()


def test_one_that_cannot_be_done_stops_no_other() -> None:
    """A batch that fails comes again, each alone."""
    sound, broken = service(), service()
    Job.objects.filter(kind=LIFE, key=str(broken.pk)).update(payload={})
    jobs.run_due(TASKS, now=FIRST_REMINDER)
    assert [again(one).reminded_until for one in (sound, broken)] == [FIRST_REMINDER, None]
    assert due(sound) == FIRST_REMINDER + timedelta(days=8)
    failed_job = Job.objects.get(kind=LIFE, key=str(broken.pk))
    assert ("subscription" in failed_job.error, failed_job.due_at > FIRST_REMINDER) == (True, True)


def test_a_timer_that_comes_twice_does_everything_once() -> None:
    """A worker may die between doing it and saying so."""
    subscription = service()
    passes(END)
    for moment in (FREEZE, RELEASE):
        for _ in range(2):
            with transaction.atomic():
                live.live({"subscription": subscription.pk}, moment)
            react(now=moment)
        done(open_call(), now=moment)
    assert (Freeze.objects.count(), told("service_released")) == (1, 1)
    kinds = Operation.objects.exclude(kind="open").order_by("pk").values_list("kind", "status")
    assert list(kinds) == [("freeze", "done"), ("release", "done")]


def test_a_timer_that_comes_much_later_still_freezes_first_and_keeps_the_data_as_long() -> None:
    """The market was down: the buyer is told of the end, and nothing is deleted on the same day."""
    subscription = service()
    late = END + timedelta(days=10)
    with transaction.atomic():
        live.live({"subscription": subscription.pk}, late)
    assert (again(subscription).status, due(subscription)) == ("frozen", late + RETENTION)
    assert not Operation.objects.filter(kind="release").exists()
    react(now=late)
    assert (told("service_in_grace"), told("service_expired_renewable")) == (0, 1)


@pytest.mark.parametrize("ends", ["done", "stopped"])
def test_while_a_renewal_is_under_way_no_timer_is_set_and_its_end_sets_it(ends: str) -> None:
    """operations.md §3: nothing asks again and again whether it has ended."""
    subscription = service()
    passes(FREEZE)
    done(open_call(), now=FREEZE)
    later = FREEZE + timedelta(days=1)
    renewed(subscription, now=later)
    passes(RELEASE)
    assert due(subscription) is None
    assert open_call().kind == "Refresh"
    (done if ends == "done" else failed)(open_call(), now=RELEASE)
    assert due(subscription) == (FIRST_REMINDER + timedelta(days=30) if ends == "done" else RELEASE)
    passes(RELEASE)
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
        assert live.live({"subscription": subscription.pk}, RELEASE) is None
        assert live.live({"subscription": 10**9}, NOW) is None
    assert Operation.objects.count() == operations
    assert timedelta() < AGAIN <= timedelta(minutes=1)
