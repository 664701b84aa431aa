"""Old rows go at night, by rule, in batches, and only those (operations.md §3, Retention)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from tests.factories.buying import make_call, make_operation, make_order
from tests.factories.people import NOW, make_buyer
from tests.market.nights import DAY, KEEP, WALL, night
from tests.market.working import advance, working
from tests.waiting import until
from tradepost.market import old_rows, wiring
from tradepost.market.base import clock, jobs, retention
from tradepost.market.base.config import config
from tradepost.market.base.models import Job, Move
from tradepost.market.base.retention import Progress, Rule, clean, last_older, night_after
from tradepost.market.base.values import replace
from tradepost.market.base.work import State
from tradepost.market.fulfilment.models import Operation
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.retention import EMPTIED
from tradepost.market.web.attempts import attempts_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOVES = Rule(name="moves", model=Move, when="at", setting="days")


def move(at: datetime, lifecycle: str = "call") -> Move:
    return Move(lifecycle=lifecycle, subject="1", event="e", before="a", after="b", at=at, actor="x")


def attempt(call: Call, at: datetime) -> Attempt:
    return Attempt.objects.create(
        call=call, number=call.tries.count() + 1, started_at=at, method="POST", url="https://a.example/p",
        request_body='{"a":1}', status=200, response_body='{"b":2}', verdict="done",
    )  # fmt: skip


def ended(outcome: str = "done", *, order: Order | None = None, **fields: Any) -> Call:
    return make_call(order, state=State.ENDED, outcome=outcome, ended_at=NOW, **fields)


def completed() -> Order:
    order = make_order(paid=True)
    Order.objects.filter(pk=order.pk).update(status=Order.Status.COMPLETED)
    return order


# --- each rule ------------------------------------------------------------------------------------------------------


def test_each_rule_has_a_name_of_its_own_and_a_setting_in_days() -> None:
    names = [rule.name for rule in old_rows.RETENTION]
    assert len(set(names)) == len(names)
    assert KEEP == {
        "keep_attempt_bodies_days": 90, "keep_attempts_days": 400, "keep_moves_days": 1825,
        "keep_sent_mails_days": 90, "keep_notices_days": 365, "keep_hourly_counts_days": 400,
        "keep_expired_sessions_days": 1, "keep_unconfirmed_accounts_days": 30, "keep_tries_days": 1, "keep_leased_jobs_days": 30, "keep_test_calls_days": 30,
        "keep_invitations_days": 90, "keep_quotes_days": 400, "keep_unused_files_days": 30, "keep_probes_days": 90,
        "keep_ended_uploads_days": 90, "keep_unfinished_uploads_days": 7, "keep_web_scans_days": 400,
        "keep_comparisons_days": 30, "keep_access_calls_days": 90, "keep_drift_days": 400, "keep_audit_days": 1826, "keep_demands_days": 730,
        "keep_handlings_days": 30, "keep_refused_usage_days": 365, "keep_software_usage_days": 800,
        "keep_enterprise_invitations_days": 90, "keep_import_tables_days": 7, "keep_imports_days": 180, "keep_sign_ins_days": 180,
        "keep_syncs_days": 400, "keep_api_answers_days": 7, "keep_tokens_days": 1,
    }  # fmt: skip


@pytest.mark.django_db
def test_bodies_are_emptied_after_90_days_and_attempts_go_after_400() -> None:
    call = ended(order=completed())
    first = attempt(call, NOW)
    night(NOW + 90 * DAY)
    first.refresh_from_db()
    assert (first.request_body, first.response_body) == ('{"a":1}', '{"b":2}'), "exactly 90 days old: not older"
    night(NOW + 90 * DAY + timedelta(seconds=1))
    first.refresh_from_db()
    assert (first.request_body, first.response_body) == (EMPTIED, EMPTIED)
    assert (first.status, first.verdict, first.method) == (200, "done", "POST"), "the rest is as it was"
    night(NOW + 400 * DAY)
    assert Attempt.objects.filter(pk=first.pk).exists()
    night(NOW + 400 * DAY + timedelta(seconds=1))
    assert not Attempt.objects.filter(pk=first.pk).exists()
    assert Call.objects.filter(pk=call.pk).exists(), "the call itself stays"


@pytest.mark.django_db
def test_an_emptied_attempt_is_shown_without_a_line_that_would_send_something_else() -> None:
    call = ended(order=completed())
    attempt(call, NOW)
    [before] = attempts_of(call)
    assert before.curl
    assert not before.emptied
    night(NOW + 91 * DAY)
    [shown] = attempts_of(call)
    assert shown.emptied
    assert (shown.curl, shown.curl_afresh) == ("", "")


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.WAITING, State.LEASED, State.HELD])
def test_attempts_of_a_call_that_goes_on_stay_whatever_their_age(state: State) -> None:
    kept = attempt(make_call(completed(), state=state), NOW)
    night(NOW + 4000 * DAY)
    kept.refresh_from_db()
    assert kept.request_body == '{"a":1}'


@pytest.mark.django_db
def test_what_was_given_up_keeps_its_attempts_until_its_order_is_at_its_end() -> None:
    """The release of an instance that the seller may have made goes by them."""
    order = make_order(paid=True)
    about_order = attempt(ended("gave_up", order=order), NOW)
    night(NOW + 4000 * DAY)
    about_order.refresh_from_db()
    assert about_order.request_body == '{"a":1}'
    Order.objects.filter(pk=order.pk).update(status=Order.Status.REFUNDED)
    night(NOW + 4001 * DAY)
    assert not Attempt.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["queued", "running", "stopped"])
def test_an_operation_that_has_not_ended_keeps_the_attempts_of_all_its_calls(status: str) -> None:
    """operations.md §3: only under ended operations; a restart goes by what was asked before."""
    order = completed()
    earlier, last = ended(order=order), ended("gave_up", order=order)
    operation = make_operation(order, call=last, status=status)
    Call.objects.filter(pk=earlier.pk).update(owner=operation.pk)
    unrelated = ended(order=order)
    Call.objects.filter(pk=unrelated.pk).update(owner=operation.pk + 1)
    kept = [attempt(earlier, NOW), attempt(last, NOW)]
    attempt(unrelated, NOW)
    night(NOW + 4000 * DAY)
    assert list(Attempt.objects.order_by("pk")) == kept
    assert set(Attempt.objects.values_list("request_body", flat=True)) == {'{"a":1}'}
    Operation.objects.filter(pk=operation.pk).update(status="dropped", ended_at=NOW)
    night(NOW + 4001 * DAY)
    assert not Attempt.objects.exists()


@pytest.mark.django_db
def test_history_of_calls_goes_after_five_years_and_that_of_orders_and_subscriptions_stays() -> None:
    Move.objects.bulk_create(move(NOW, name) for name in ("order", "call", "subscription", "operation"))
    night(NOW + 1825 * DAY)
    assert Move.objects.count() == 4
    night(NOW + 1825 * DAY + timedelta(seconds=1))
    assert set(Move.objects.values_list("lifecycle", flat=True)) == {"order", "subscription", "operation"}


@pytest.mark.django_db
def test_sent_mails_go_after_90_days_and_notices_after_365_with_their_mails() -> None:
    buyer = make_buyer()

    def notice(once: str, status: str, sent_at: datetime | None = None) -> Notice:
        made = Notice.objects.create(user=buyer, kind="x", once=once, created_at=NOW)
        NoticeDelivery.objects.create(notice=made, address="a@b.example", status=status, sent_at=sent_at)
        return made

    sent, failed, waiting = notice("1", "sent", NOW), notice("2", "failed"), notice("3", "waiting")
    night(NOW + 90 * DAY + timedelta(seconds=1))
    assert set(NoticeDelivery.objects.values_list("notice", flat=True)) == {failed.pk, waiting.pk}
    assert Notice.objects.filter(pk=sent.pk).exists()
    night(NOW + 365 * DAY)
    assert Notice.objects.count() == 3
    night(NOW + 365 * DAY + timedelta(seconds=1))
    assert list(Notice.objects.all()) == [waiting], "its mail is still to be sent"
    assert list(NoticeDelivery.objects.values_list("notice", flat=True)) == [waiting.pk]


@pytest.mark.django_db
def test_nought_days_keep_for_ever() -> None:
    Move.objects.bulk_create([move(NOW)])
    night(NOW + 90_000 * DAY, keep=dict.fromkeys(KEEP, 0))
    assert Move.objects.count() == 1


# --- batches, boundaries, a night that is interrupted -----------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(["call", "order"]), st.booleans()), min_size=0, max_size=40
    ),
    batch=st.integers(1, 9),
    days=st.integers(1, 40),
)
@pytest.mark.django_db
def test_nothing_younger_and_nothing_needed_goes_and_a_batch_is_the_most_at_a_time(db, rows, batch, days) -> None:
    """Ages in any order, some rows needed, some of a kind that stays, gaps between the pks: a batch changes no more rows
    than it may, and what is left at the end holds everything that is young, needed or of the other kind."""
    Move.objects.all().delete()
    now = NOW + 60 * DAY
    made = Move.objects.bulk_create(move(now - timedelta(days=age), name) for age, name, _ in rows)
    needed = [one.pk for one, (_, _, wanted) in zip(made, rows, strict=True) if wanted]
    Move.objects.filter(pk__in=[one.pk for one in made[::5]]).delete()
    present = set(Move.objects.values_list("pk", flat=True))
    rule = Rule(
        name="moves", model=Move, when="at", setting="days", only=Q(lifecycle="call"), needed=Q(pk__in=needed)
    )  # fmt: skip
    must_stay = {
        one.pk
        for one, (age, name, wanted) in zip(made, rows, strict=True)
        if one.pk in present and (age <= days or wanted or name == "order")
    }
    progress, count = Progress(), len(present)
    while True:
        progress = clean([rule], {"days": days}, progress, now=now, wall=WALL, batch=batch)
        left = Move.objects.count()
        assert count - left <= batch
        count = left
        if not progress.rule:
            break
    left_over = set(Move.objects.values_list("pk", flat=True))
    assert must_stay <= left_over
    if [age for age, _, _ in rows] == sorted((age for age, _, _ in rows), reverse=True):
        assert left_over == must_stay, "in the order of time, everything that may go goes in one night"


@pytest.mark.django_db
def test_the_boundary_is_found_over_the_primary_key_with_few_questions(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    made = Move.objects.bulk_create(move(NOW + timedelta(minutes=n)) for n in range(3000))
    with django_assert_max_num_queries(16):
        assert last_older(MOVES, NOW + timedelta(minutes=2000)) == made[1999].pk
    with django_assert_max_num_queries(1):
        assert last_older(MOVES, NOW) == 0
    with django_assert_max_num_queries(1):
        assert last_older(MOVES, NOW + timedelta(minutes=2000), after=made[1999].pk) == made[1999].pk
    assert last_older(MOVES, NOW + timedelta(minutes=3000)) == made[2999].pk


CALLS_OF_LONG_AGO = Rule(name="moves", model=Move, when="at", setting="days", only=Q(lifecycle="call"))


def turns_of(rule: Rule, *, batch: int) -> int:
    progress, turns = Progress(), 0
    while progress.rule or not turns:
        progress, turns = clean([rule], {"days": 1}, progress, now=NOW + 2 * DAY, wall=WALL, batch=batch), turns + 1
    return turns


@pytest.mark.django_db
def test_where_nothing_has_to_go_a_turn_looks_at_a_few_batches() -> None:
    Move.objects.bulk_create(move(NOW, "order") for _ in range(60))
    assert turns_of(CALLS_OF_LONG_AGO, batch=5) == 3
    Move.objects.bulk_create(move(NOW, "call") for _ in range(10))
    assert turns_of(CALLS_OF_LONG_AGO, batch=5) == 5
    assert Move.objects.count() == 60


@pytest.mark.django_db
def test_of_few_rows_that_an_index_finds_all_others_are_passed_over(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    Move.objects.bulk_create(move(NOW, name) for name in ["order"] * 60 + ["call"] + ["order"] * 60)
    with django_assert_max_num_queries(24):
        assert turns_of(replace(CALLS_OF_LONG_AGO, sparse=True), batch=5) == 2
    assert Move.objects.count() == 120


@pytest.mark.django_db
def test_what_was_spared_is_looked_at_again_in_another_month() -> None:
    order = make_order(paid=True)
    spared = attempt(ended("gave_up", order=order), NOW)
    progress = night(datetime(2028, 1, 3, tzinfo=UTC))
    assert progress.settled["attempts"] == spared.pk
    Order.objects.filter(pk=order.pk).update(status=Order.Status.REFUNDED)
    progress = night(datetime(2028, 1, 31, tzinfo=UTC), progress=progress)
    assert Attempt.objects.exists(), "the same month: what was looked at is not read each night"
    night(datetime(2028, 2, 1, tzinfo=UTC), progress=progress)
    assert not Attempt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_turn_of_a_worker_deletes_one_batch_and_a_killed_one_loses_no_more_than_it() -> None:
    now = NOW + 2000 * DAY
    Move.objects.bulk_create((move(NOW) for _ in range(12_001)), batch_size=2000)
    retention.schedule(now)

    def killed(payload, now):
        wiring.clear_old(payload, now)
        raise KeyboardInterrupt

    assert jobs.run_due(wiring.TASKS, now=now) == 1
    assert Move.objects.count() == 7_001
    job = Job.objects.get(kind=retention.NIGHTLY)
    assert job.due_at == now + retention.PAUSE
    assert job.payload["rule"] == "moves"
    with pytest.raises(KeyboardInterrupt):
        jobs.run_due({**wiring.TASKS, retention.NIGHTLY: killed}, now=job.due_at)
    assert Move.objects.count() == 7_001, "the transaction of the killed one came to nothing"
    assert Job.objects.get(pk=job.pk).payload == job.payload
    for left in (2_001, 0, 0):
        now = Job.objects.get(pk=job.pk).due_at
        assert jobs.run_due(wiring.TASKS, now=now) == 1
        assert Move.objects.count() == left
    job.refresh_from_db()
    assert job.payload["rule"] == ""
    local = job.due_at.astimezone(timezone.get_default_timezone())
    assert (local.hour, local.minute) == (3, 30)
    assert timedelta() < job.due_at - now <= DAY


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "next_night"),
    [
        ("2027-03-01T19:29:59+00:00", "2027-03-01T19:30:00+00:00"),
        ("2027-03-01T19:30:00+00:00", "2027-03-02T19:30:00+00:00"),
        ("2027-03-01T02:00:00+00:00", "2027-03-01T19:30:00+00:00"),
    ],
)
def test_the_night_is_that_of_the_markets_zone(now: str, next_night: str) -> None:
    found = night_after(datetime.fromisoformat(now), at=time(3, 30), zone=SHANGHAI)
    assert found == datetime.fromisoformat(next_night)


def test_a_sandbox_that_skips_a_year_works_the_last_night_of_it() -> None:
    now, target = datetime(2027, 3, 1, 12, tzinfo=UTC), datetime(2028, 3, 1, 12, tzinfo=UTC)
    found = night_after(now, at=time(3, 30), zone=SHANGHAI, heading_for=target)
    assert found == datetime(2028, 2, 29, 19, 30, tzinfo=UTC)
    near = now + timedelta(hours=1)
    assert night_after(now, at=time(3, 30), zone=SHANGHAI, heading_for=near) == datetime(2027, 3, 1, 19, 30, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_a_worker_plans_the_night_and_works_it() -> None:
    Move.objects.bulk_create([move(clock.now() - 1826 * DAY), move(clock.now())])
    with working():
        until(Job.objects.filter(kind=retention.NIGHTLY).exists, what="the timer is there")
        job = Job.objects.get(kind=retention.NIGHTLY)
        assert timedelta() < job.due_at - clock.now() <= DAY
        assert config().retention_at == time(3, 30)
        advance(job.due_at - clock.now() + timedelta(seconds=1))
        until(lambda: Move.objects.count() == 1, what="the old row goes")
    assert Job.objects.get(pk=job.pk).due_at > clock.now()


# --- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_how_much_is_kept_and_since_when() -> None:
    if connection.vendor == "postgresql":  # what another test's large market taught the planner outlives its rollback
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE base_move, notifications_notice")
    Move.objects.bulk_create([move(NOW + n * DAY, name) for n, name in enumerate(("order", "call", "call"))])
    told = {kept.rule.name: kept for kept in retention.kept(old_rows.RETENTION)}
    assert (told["moves"].rows, told["moves"].since) == (3, NOW + DAY), "orders' history is kept: it is not the oldest"
    assert (told["notices"].rows, told["notices"].since) == (0, None)
    assert retention.nightly().due_at is None
    retention.schedule(NOW)
    standing = retention.nightly()
    assert not standing.late(NOW + timedelta(hours=1))
    assert standing.late(NOW + timedelta(hours=1, seconds=1))
