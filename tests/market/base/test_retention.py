"""Old rows are deleted at night by rules, in batches, and no others (operations.md §3, Retention)."""

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
from tradepost.market.production.retention import EMPTIED_BODY
from tradepost.market.web.attempts import attempts_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOVES = Rule(name="moves", model=Move, when="at", setting="days")


def make_move(at: datetime, lifecycle: str = "call") -> Move:
    return Move(lifecycle=lifecycle, subject="1", event="e", before="a", after="b", at=at, actor="x")


def make_attempt(call: Call, at: datetime) -> Attempt:
    return Attempt.objects.create(
        call=call, number=call.tries.count() + 1, started_at=at, method="POST", url="https://a.example/p",
        request_body='{"a":1}', status=200, response_body='{"b":2}', verdict="done",
    )  # fmt: skip


def ended_call(outcome: str = "done", *, order: Order | None = None, **fields: Any) -> Call:
    return make_call(order, state=State.ENDED, outcome=outcome, ended_at=NOW, **fields)


def completed_order() -> Order:
    order = make_order(paid=True)
    Order.objects.filter(pk=order.pk).update(status=Order.Status.COMPLETED)
    return order


# --- rules ------------------------------------------------------------------------------------------------------------


def test_each_rule_has_a_name_and_a_setting_in_days() -> None:
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
        "keep_syncs_days": 400, "keep_api_answers_days": 7, "keep_tokens_days": 1, "keep_exports_days": 7, "keep_dissolved_enterprises_days": 180,
    }  # fmt: skip


@pytest.mark.django_db
def test_bodies_are_emptied_after_90_days_and_attempts_deleted_after_400() -> None:
    call = ended_call(order=completed_order())
    first = make_attempt(call, NOW)
    night(NOW + 90 * DAY)
    first.refresh_from_db()
    assert (first.request_body, first.response_body) == ('{"a":1}', '{"b":2}'), "exactly 90 days old is not older"
    night(NOW + 90 * DAY + timedelta(seconds=1))
    first.refresh_from_db()
    assert (first.request_body, first.response_body) == (EMPTIED_BODY, EMPTIED_BODY)
    assert (first.status, first.verdict, first.method) == (200, "done", "POST"), "the rest is unchanged"
    night(NOW + 400 * DAY)
    assert Attempt.objects.filter(pk=first.pk).exists()
    night(NOW + 400 * DAY + timedelta(seconds=1))
    assert not Attempt.objects.filter(pk=first.pk).exists()
    assert Call.objects.filter(pk=call.pk).exists(), "the call itself stays"


@pytest.mark.django_db
def test_emptied_attempt_has_no_repeatable_request() -> None:
    call = ended_call(order=completed_order())
    make_attempt(call, NOW)
    [before] = attempts_of(call)
    assert before.curl
    assert not before.emptied
    night(NOW + 91 * DAY)
    [view] = attempts_of(call)
    assert view.emptied
    assert (view.curl, view.curl_afresh) == ("", "")


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.WAITING, State.LEASED, State.HELD])
def test_attempts_of_an_open_call_stay(state: State) -> None:
    open_attempt = make_attempt(make_call(completed_order(), state=state), NOW)
    night(NOW + 4000 * DAY)
    open_attempt.refresh_from_db()
    assert open_attempt.request_body == '{"a":1}'


@pytest.mark.django_db
def test_given_up_calls_keep_attempts_until_their_order_ends() -> None:
    """The release of an instance that the seller may have made needs them."""
    order = make_order(paid=True)
    about_order = make_attempt(ended_call("gave_up", order=order), NOW)
    night(NOW + 4000 * DAY)
    about_order.refresh_from_db()
    assert about_order.request_body == '{"a":1}'
    Order.objects.filter(pk=order.pk).update(status=Order.Status.REFUNDED)
    night(NOW + 4001 * DAY)
    assert not Attempt.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["queued", "running", "stopped"])
def test_attempts_of_an_open_operation_stay(status: str) -> None:
    """operations.md §3: only under ended operations; a restart uses the earlier calls."""
    order = completed_order()
    earlier, last = ended_call(order=order), ended_call("gave_up", order=order)
    operation = make_operation(order, call=last, status=status)
    Call.objects.filter(pk=earlier.pk).update(owner=operation.pk)
    unrelated = ended_call(order=order)
    Call.objects.filter(pk=unrelated.pk).update(owner=operation.pk + 1)
    open_attempts = [make_attempt(earlier, NOW), make_attempt(last, NOW)]
    make_attempt(unrelated, NOW)
    night(NOW + 4000 * DAY)
    assert list(Attempt.objects.order_by("pk")) == open_attempts
    assert set(Attempt.objects.values_list("request_body", flat=True)) == {'{"a":1}'}
    Operation.objects.filter(pk=operation.pk).update(status="dropped", ended_at=NOW)
    night(NOW + 4001 * DAY)
    assert not Attempt.objects.exists()


@pytest.mark.django_db
def test_history_of_calls_is_deleted_after_five_years_and_other_history_stays() -> None:
    Move.objects.bulk_create(make_move(NOW, name) for name in ("order", "call", "subscription", "operation"))
    night(NOW + 1825 * DAY)
    assert Move.objects.count() == 4
    night(NOW + 1825 * DAY + timedelta(seconds=1))
    assert set(Move.objects.values_list("lifecycle", flat=True)) == {"order", "subscription", "operation"}


@pytest.mark.django_db
def test_mails_are_deleted_after_90_days_and_notices_with_their_mails_after_365() -> None:
    buyer = make_buyer()

    def notice(once: str, status: str, sent_at: datetime | None = None) -> Notice:
        made = Notice.objects.create(user=buyer, kind="x", once=once, created_at=NOW)
        NoticeDelivery.objects.create(notice=made, address="a@b.example", status=status, sent_at=sent_at)
        return made

    sent_notice, failed_notice, waiting_notice = notice("1", "sent", NOW), notice("2", "failed"), notice("3", "waiting")
    night(NOW + 90 * DAY + timedelta(seconds=1))
    assert set(NoticeDelivery.objects.values_list("notice", flat=True)) == {failed_notice.pk, waiting_notice.pk}
    assert Notice.objects.filter(pk=sent_notice.pk).exists()
    night(NOW + 365 * DAY)
    assert Notice.objects.count() == 3
    night(NOW + 365 * DAY + timedelta(seconds=1))
    assert list(Notice.objects.all()) == [waiting_notice], "its mail is not sent yet"
    assert list(NoticeDelivery.objects.values_list("notice", flat=True)) == [waiting_notice.pk]


@pytest.mark.django_db
def test_zero_days_keep_rows_for_ever() -> None:
    Move.objects.bulk_create([make_move(NOW)])
    night(NOW + 90_000 * DAY, keep=dict.fromkeys(KEEP, 0))
    assert Move.objects.count() == 1


# --- batches, boundaries, interrupted nights --------------------------------------------------------------------------


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
def test_only_old_unneeded_rows_are_deleted_in_bounded_batches(db, rows, batch, days) -> None:
    """Random ages, needed rows, rows of a kind that stays and gaps between keys. A batch deletes at most its size.

    At the end every young or needed row and every row of the other kind is left.
    """
    Move.objects.all().delete()
    now = NOW + 60 * DAY
    moves = Move.objects.bulk_create(make_move(now - timedelta(days=age), name) for age, name, _ in rows)
    needed = [row.pk for row, (_, _, is_needed) in zip(moves, rows, strict=True) if is_needed]
    Move.objects.filter(pk__in=[row.pk for row in moves[::5]]).delete()
    present = set(Move.objects.values_list("pk", flat=True))
    rule = Rule(
        name="moves", model=Move, when="at", setting="days", only=Q(lifecycle="call"), needed=Q(pk__in=needed)
    )  # fmt: skip
    must_stay = {
        one.pk
        for one, (age, name, wanted) in zip(moves, rows, strict=True)
        if one.pk in present and (age <= days or wanted or name == "order")
    }
    progress, count = Progress(), len(present)
    while True:
        progress = clean([rule], {"days": days}, progress, now=now, wall=WALL, batch=batch)
        rows_left = Move.objects.count()
        assert count - rows_left <= batch
        count = rows_left
        if not progress.rule:
            break
    remaining = set(Move.objects.values_list("pk", flat=True))
    assert must_stay <= remaining
    if [age for age, _, _ in rows] == sorted((age for age, _, _ in rows), reverse=True):
        assert remaining == must_stay, "one night deletes everything that is due, in the order of time"


@pytest.mark.django_db
def test_boundary_is_found_over_the_primary_key_with_few_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    moves = Move.objects.bulk_create(make_move(NOW + timedelta(minutes=n)) for n in range(3000))
    with django_assert_max_num_queries(16):
        assert last_older(MOVES, NOW + timedelta(minutes=2000)) == moves[1999].pk
    with django_assert_max_num_queries(1):
        assert last_older(MOVES, NOW) == 0
    with django_assert_max_num_queries(1):
        assert last_older(MOVES, NOW + timedelta(minutes=2000), after=moves[1999].pk) == moves[1999].pk
    assert last_older(MOVES, NOW + timedelta(minutes=3000)) == moves[2999].pk


OLD_CALLS = Rule(name="moves", model=Move, when="at", setting="days", only=Q(lifecycle="call"))


def turns_of(rule: Rule, *, batch: int) -> int:
    progress, turns = Progress(), 0
    while progress.rule or not turns:
        progress, turns = clean([rule], {"days": 1}, progress, now=NOW + 2 * DAY, wall=WALL, batch=batch), turns + 1
    return turns


@pytest.mark.django_db
def test_turn_with_nothing_to_delete_reads_a_few_batches() -> None:
    Move.objects.bulk_create(make_move(NOW, "order") for _ in range(60))
    assert turns_of(OLD_CALLS, batch=5) == 3
    Move.objects.bulk_create(make_move(NOW, "call") for _ in range(10))
    assert turns_of(OLD_CALLS, batch=5) == 5
    assert Move.objects.count() == 60


@pytest.mark.django_db
def test_sparse_rows_are_found_by_an_index(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    Move.objects.bulk_create(make_move(NOW, name) for name in ["order"] * 60 + ["call"] + ["order"] * 60)
    with django_assert_max_num_queries(24):
        assert turns_of(replace(OLD_CALLS, sparse=True), batch=5) == 2
    assert Move.objects.count() == 120


@pytest.mark.django_db
def test_spared_rows_are_checked_again_in_another_month() -> None:
    order = make_order(paid=True)
    spared = make_attempt(ended_call("gave_up", order=order), NOW)
    progress = night(datetime(2028, 1, 3, tzinfo=UTC))
    assert progress.settled["attempts"] == spared.pk
    Order.objects.filter(pk=order.pk).update(status=Order.Status.REFUNDED)
    progress = night(datetime(2028, 1, 31, tzinfo=UTC), progress=progress)
    assert Attempt.objects.exists(), "within a month, checked rows are not read again"
    night(datetime(2028, 2, 1, tzinfo=UTC), progress=progress)
    assert not Attempt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_turn_deletes_one_batch_and_a_killed_one_loses_only_its_own() -> None:
    now = NOW + 2000 * DAY
    Move.objects.bulk_create((make_move(NOW) for _ in range(12_001)), batch_size=2000)
    retention.schedule(now)

    def killed(payload, now):
        wiring.timers.delete_old_rows(payload, now)
        raise KeyboardInterrupt

    assert jobs.run_due(wiring.TASKS, now=now) == 1
    assert Move.objects.count() == 7_001
    job = Job.objects.get(kind=retention.NIGHTLY)
    assert job.due_at == now + retention.BATCH_PAUSE
    assert job.payload["rule"] == "moves"
    with pytest.raises(KeyboardInterrupt):
        jobs.run_due({**wiring.TASKS, retention.NIGHTLY: killed}, now=job.due_at)
    assert Move.objects.count() == 7_001, "the transaction of the killed turn was rolled back"
    assert Job.objects.get(pk=job.pk).payload == job.payload
    for remaining in (2_001, 0, 0):
        now = Job.objects.get(pk=job.pk).due_at
        assert jobs.run_due(wiring.TASKS, now=now) == 1
        assert Move.objects.count() == remaining
    job.refresh_from_db()
    assert job.payload["rule"] == ""
    local = job.due_at.astimezone(timezone.get_default_timezone())
    assert (local.hour, local.minute) == (3, 30)
    assert timedelta() < job.due_at - now <= DAY


# --- time of the night ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "next_night"),
    [
        ("2027-03-01T19:29:59+00:00", "2027-03-01T19:30:00+00:00"),
        ("2027-03-01T19:30:00+00:00", "2027-03-02T19:30:00+00:00"),
        ("2027-03-01T02:00:00+00:00", "2027-03-01T19:30:00+00:00"),
    ],
)
def test_night_is_that_of_the_markets_zone(now: str, next_night: str) -> None:
    following_night = night_after(datetime.fromisoformat(now), at=time(3, 30), zone=SHANGHAI)
    assert following_night == datetime.fromisoformat(next_night)


def test_sandbox_that_skips_a_year_works_only_its_last_night() -> None:
    now, target = datetime(2027, 3, 1, 12, tzinfo=UTC), datetime(2028, 3, 1, 12, tzinfo=UTC)
    following_night = night_after(now, at=time(3, 30), zone=SHANGHAI, heading_for=target)
    assert following_night == datetime(2028, 2, 29, 19, 30, tzinfo=UTC)
    near = now + timedelta(hours=1)
    assert night_after(now, at=time(3, 30), zone=SHANGHAI, heading_for=near) == datetime(2027, 3, 1, 19, 30, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_worker_plans_and_works_the_night() -> None:
    Move.objects.bulk_create([make_move(clock.now() - 1826 * DAY), make_move(clock.now())])
    with working():
        until(Job.objects.filter(kind=retention.NIGHTLY).exists, what="the timer is there")
        job = Job.objects.get(kind=retention.NIGHTLY)
        assert timedelta() < job.due_at - clock.now() <= DAY
        assert config().retention_at == time(3, 30)
        advance(job.due_at - clock.now() + timedelta(seconds=1))
        until(lambda: Move.objects.count() == 1, what="the old row goes")
    assert Job.objects.get(pk=job.pk).due_at > clock.now()


# --- reports ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_numbers_and_ages_of_rows_are_reported() -> None:
    if connection.vendor == "postgresql":  # planner statistics of another test's large market outlive its rollback
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE base_move, notifications_notice")
    Move.objects.bulk_create([make_move(NOW + n * DAY, name) for n, name in enumerate(("order", "call", "call"))])
    reports = {kept.rule.name: kept for kept in retention.table_sizes(old_rows.RETENTION)}
    assert (reports["moves"].rows, reports["moves"].since) == (3, NOW + DAY), (
        "orders' history stays and does not count as the oldest"
    )
    assert (reports["notices"].rows, reports["notices"].since) == (0, None)
    assert retention.nightly().due_at is None
    retention.schedule(NOW)
    night_report = retention.nightly()
    assert not night_report.late(NOW + timedelta(hours=1))
    assert night_report.late(NOW + timedelta(hours=1, seconds=1))
