"""The single timer of a service: reminders, freeze, release and earnings at their moments, each once."""

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
from tradepost.market.fulfilment.timers import LIFE, RETRY_DELAY
from tradepost.market.identity.customer_level import set_level
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.wiring import TASKS
from tradepost.protocols.commands import InstanceStatus, Release, SetStatus

pytestmark = pytest.mark.django_db


def due(subscription: Subscription) -> datetime | None:
    """When the only timer is due; None without one."""
    due_times = list(Job.objects.filter(kind=LIFE, key=str(subscription.pk)).values_list("due_at", flat=True))
    assert len(due_times) <= 1
    return due_times[0] if due_times else None


def test_expired_period_has_grace_then_freeze_then_release() -> None:
    """business-rules §4.4; operations.md §4 "Life": half-open."""
    subscription = service()
    assert due(subscription) == FIRST_REMINDER
    passes(END - timedelta(seconds=1))
    current = again(subscription)
    assert (current.status, current.freeze_at, current.release_at, due(current)) == ("active", None, None, END)
    passes(END)
    current = again(subscription)
    assert (current.status, current.freeze_at, current.release_at, due(current)) == ("active", FREEZE, RELEASE, FREEZE)
    assert not Freeze.objects.exists()
    assert not Call.objects.exclude(state=State.ENDED).exists(), "no call to the seller"
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


def test_buyer_is_reminded_once_for_each_day() -> None:
    """operations.md §7: at 09:00 of the market's zone."""
    subscription = service()
    calls = Call.objects.count()
    for moment in (FIRST_REMINDER, FIRST_REMINDER, FIRST_REMINDER + timedelta(hours=1)):
        with transaction.atomic():
            live.process_due({"subscription": subscription.pk}, moment)
        react(now=moment)
    assert told("service_to_renew") == 1
    assert (due(subscription), Call.objects.count()) == (FIRST_REMINDER + timedelta(days=8), calls)
    passes(END - timedelta(seconds=1))
    assert told("service_to_renew") == 3


def test_level_change_during_grace_moves_nothing() -> None:
    """operations.md §7: the level at the moment when grace begins counts."""
    subscription = service()
    set_level(subscription.buyer, "V5", reason="a good year", actor=BY, now=END - timedelta(days=1))
    passes(END)
    set_level(subscription.buyer, "V0", reason="a bad one", actor=BY, now=END)
    current = again(subscription)
    assert (current.freeze_at, current.release_at) == (END + timedelta(days=7), END + timedelta(days=22))
    passes(END + timedelta(days=7))
    done(open_call(), now=END + timedelta(days=7))
    passes(END + timedelta(days=22))
    assert again(subscription).status == "releasing"


def test_service_set_to_end_is_released_at_its_end() -> None:
    """business-rules §4.5: no grace and no retention; it is not frozen first."""
    subscription = service()
    Subscription.objects.filter(pk=subscription.pk).update(at_expiry="end")
    passes(END)
    assert (again(subscription).status, due(subscription), Freeze.objects.count()) == ("releasing", None, 0)
    assert command(open_call()) == Release(instance_id=subscription.instance_id)
    done(open_call(), now=END)
    assert (told("service_ends_for_good"), told("service_in_grace"), told("service_released")) == (3, 0, 1)


def test_stopped_renewal_keeps_a_service_set_to_end() -> None:
    """The buyer has paid. Nothing is deleted because the seller's server is down."""
    subscription = service()
    Subscription.objects.filter(pk=subscription.pk).update(at_expiry="end")
    renewed(subscription, now=END - timedelta(hours=1))
    failed(open_call(), now=END - timedelta(minutes=1))
    passes(END)
    current = again(subscription)
    assert (current.status, current.freeze_at, current.release_at) == ("active", FREEZE, RELEASE)


def test_renewal_in_grace_starts_at_the_end_without_a_freeze() -> None:
    """business-rules §4.4."""
    subscription = service()
    passes(END)
    renewed(subscription, now=END + timedelta(hours=1))
    passes(FREEZE + timedelta(days=1))
    assert again(subscription).status == "active"
    done(open_call(), now=FREEZE + timedelta(days=1))
    current = again(subscription)
    assert (current.expires_at, current.freeze_at, current.release_at) == (NEXT_END, None, None)
    assert (Freeze.objects.count(), told("service_unfrozen")) == (0, 0)


def test_timers_due_together_need_as_many_statements_as_one() -> None:
    """Decision 0014, for timers."""
    for count, moment in ((1, FIRST_REMINDER), (6, FIRST_REMINDER)):
        pks = [service().pk for _ in range(count)]
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            live.process_due.many([{"subscription": pk} for pk in pks], moment)
        assert len(queries) == 9 - (connection.vendor == "postgresql"), count  # PostgreSQL sets timers in one statement
    Job.objects.all().delete()


def test_releases_with_refunds_run_one_at_a_time() -> None:
    """operations.md §6: buyers' accounts are locked last, so a batch locks only one of them."""
    subscriptions = [service() for _ in range(3)]
    passes(FREEZE)
    for call in Call.objects.exclude(state=State.ENDED).order_by("pk"):
        done(call, now=FREEZE)
    for subscription in subscriptions:
        renewed(subscription, now=FREEZE)
        failed(open_call(), now=FREEZE)
    with transaction.atomic():
        live.process_due.many([{"subscription": subscription.pk} for subscription in subscriptions], RELEASE)
    assert sorted(again(subscription).status for subscription in subscriptions) == ["frozen", "frozen", "releasing"]
    passes(RELEASE)
    assert {again(subscription).status for subscription in subscriptions} == {"releasing"}
    assert ledger.verify().problems == ()


def test_failing_timer_stops_no_other() -> None:
    """The jobs of a failed batch are repeated one by one."""
    sound, broken = service(), service()
    Job.objects.filter(kind=LIFE, key=str(broken.pk)).update(payload={})
    jobs.run_due(TASKS, now=FIRST_REMINDER)
    assert [again(subscription).reminded_until for subscription in (sound, broken)] == [FIRST_REMINDER, None]
    assert due(sound) == FIRST_REMINDER + timedelta(days=8)
    failed_job = Job.objects.get(kind=LIFE, key=str(broken.pk))
    assert ("subscription" in failed_job.error, failed_job.due_at > FIRST_REMINDER) == (True, True)


def test_repeated_timer_acts_once() -> None:
    """A worker may die after the work and before it ends the timer."""
    subscription = service()
    passes(END)
    for moment in (FREEZE, RELEASE):
        for _ in range(2):
            with transaction.atomic():
                live.process_due({"subscription": subscription.pk}, moment)
            react(now=moment)
        done(open_call(), now=moment)
    assert (Freeze.objects.count(), told("service_released")) == (1, 1)
    kinds = Operation.objects.exclude(kind="open").order_by("pk").values_list("kind", "status")
    assert list(kinds) == [("freeze", "done"), ("release", "done")]


def test_late_timer_freezes_first_and_keeps_the_full_retention() -> None:
    """The market was down: the buyer learns of the end first, and nothing is deleted on the same day."""
    subscription = service()
    late = END + timedelta(days=10)
    with transaction.atomic():
        live.process_due({"subscription": subscription.pk}, late)
    assert (again(subscription).status, due(subscription)) == ("frozen", late + RETENTION)
    assert not Operation.objects.filter(kind="release").exists()
    react(now=late)
    assert (told("service_in_grace"), told("service_expired_renewable")) == (0, 1)


@pytest.mark.parametrize("ends", ["done", "stopped"])
def test_running_renewal_replaces_the_timer_and_its_end_sets_it(ends: str) -> None:
    """operations.md §3: there is no polling."""
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


def test_service_renewed_before_its_end_is_never_frozen() -> None:
    """business-rules §4.4: access stays open for a paid period while the seller is called."""
    subscription = service()
    renewed(subscription, now=END - timedelta(minutes=1))
    passes(END + timedelta(days=2))
    assert again(subscription).status == "active"
    done(open_call(), now=END + timedelta(days=2))
    passes(END + timedelta(days=3))
    assert (again(subscription).status, Freeze.objects.count()) == ("active", 0)
    assert Period.objects.filter(earned_at=None).count() == 0
    assert ledger.verify().problems == ()


def test_one_time_product_has_no_timer() -> None:
    assert due(service(once=True)) is None


def test_release_removes_the_timer() -> None:
    subscription = service()
    tried(subscription, Act.RELEASE)
    assert due(subscription) is None


def test_released_service_has_nothing_due() -> None:
    subscription = service()
    tried(subscription, Act.RELEASE)
    done(open_call())
    operations = Operation.objects.count()
    with transaction.atomic():
        assert live.process_due({"subscription": subscription.pk}, RELEASE) is None
        assert live.process_due({"subscription": 10**9}, NOW) is None
    assert Operation.objects.count() == operations
    assert timedelta() < RETRY_DELAY <= timedelta(minutes=1)
