"""Choice of the due calls: fair over sellers, within the limit of each seller, and not past an open breaker."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW, make_call
from tests.market.engine import answer, end, lease, open_breaker
from tests.market.working import waits_for_a_lock
from tests.waiting import until
from tradepost.market.base.work import State
from tradepost.market.production import claim
from tradepost.market.production.choose import AddressState, DueCall, Selection, choose
from tradepost.market.production.claim import RETRY_DELAY, claim_calls
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.production.record import release_held_sellers
from tradepost.market.production.seller_queries import attempts_of
from tradepost.protocols.commands import Create, Done

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def address(pk: int, breaker: str = "closed", trial_at: timedelta | None = None) -> AddressState:
    return AddressState(
        pk,
        "https://a.example/",
        require_body_sign=True,
        breaker=breaker,
        trial_at=NOW + trial_at if trial_at is not None else None,
    )


def rows(sellers: list[int], *, restart: bool = False, give_up_at: datetime | None = None) -> list[DueCall]:
    """Return due calls in the order of their time; each seller has the address of the same number."""
    return [
        DueCall(n, seller, seller, NOW + n * SECOND, restart, give_up_at, "saas_v2", "Create")
        for n, seller in enumerate(sellers, 1)
    ]


def copy_of(call: Call) -> Call:
    """Return another call to the same seller."""
    return Call.objects.create(
        seller=call.seller, address=call.address, product=call.product, protocol="saas_v2", kind="Create",
        activity="newInstance", command=call.command, due_at=NOW, created_at=NOW,
    )  # fmt: skip


@given(
    st.lists(st.integers(1, 6), max_size=60),
    st.integers(1, 30),
    st.integers(1, 5),
    st.dictionaries(st.integers(1, 6), st.integers(0, 5)),
)
def test_limits_are_kept_and_no_call_is_forgotten(
    sellers: list[int], limit: int, per_seller: int, busy: dict[int, int]
) -> None:
    calls = rows(sellers)
    taking = choose(calls, {s: address(s) for s in sellers}, busy, now=NOW, limit=limit, per_seller=per_seller)
    counter = Counter(call.seller_id for call, _ in taking.taken)
    assert len(taking.taken) <= limit
    assert all(busy.get(seller, 0) + n <= max(per_seller, busy.get(seller, 0)) for seller, n in counter.items())
    assert not {c.pk for c, _ in taking.taken} & {c.pk for c, _, _ in taking.held}
    left = len(calls) - len(taking.taken) - len(taking.held)
    assert left == 0 or len(taking.taken) == limit, "what is neither taken nor held waits only for a full batch"


def test_seller_with_a_thousand_calls_does_not_delay_one_with_a_single_call() -> None:
    calls = rows([1] * 50 + [2])
    taking = choose(calls, {1: address(1), 2: address(2)}, {}, now=NOW, limit=4, per_seller=16)
    assert [c.seller_id for c, _ in taking.taken] == [1, 2, 1, 1]


def test_open_breaker_holds_calls_until_its_trial_and_then_lets_one_through() -> None:
    shut = choose(rows([1, 1]), {1: address(1, "open", MINUTE)}, {}, now=NOW, limit=9, per_seller=9)
    assert (shut.taken, [(reason, until) for _, reason, until in shut.held]) == ([], [("breaker", NOW + MINUTE)] * 2)
    trial = choose(rows([1, 1]), {1: address(1, "open", -SECOND)}, {}, now=NOW, limit=9, per_seller=9)
    assert ([reason for _, reason in trial.taken], len(trial.held)) == (["trial"], 1)
    under_trial = choose(rows([1]), {1: address(1, "trial", -SECOND)}, {}, now=NOW, limit=9, per_seller=9)
    assert under_trial.taken == []


@pytest.mark.parametrize("fields", [{"restart": True}, {"give_up_at": NOW}])
def test_restart_and_the_last_try_pass_an_open_breaker(fields: dict[str, Any]) -> None:
    """saas-v2 §7: Restart is an extra attempt at once; the plan's last try is never swallowed by a breaker."""
    taking = choose(rows([1], **fields), {1: address(1, "open", MINUTE)}, {}, now=NOW, limit=9, per_seller=9)
    assert len(taking.taken) == 1


@pytest.mark.django_db
def test_claim_leases_starts_the_plan_and_numbers_the_attempt_before_sending() -> None:
    call = make_call()
    claimed = claim_calls(now=NOW, wall=NOW, owner="w", limit=9, per_seller=9, duration=MINUTE)
    call.refresh_from_db()
    assert [t.call_id for t in claimed] == [call.pk]
    assert (call.state, call.lease_owner, call.lease_until, call.attempts) == (State.LEASED, "w", NOW + MINUTE, 1)
    assert (call.first_at, call.give_up_at) == (NOW, NOW + timedelta(hours=3)), "saas-v2 §3.10"
    assert not Attempt.objects.exists()
    (attempt,) = attempts_of(call)
    assert (attempt.number, attempt.ended, attempt.started_at, attempt.worker) == (1, False, NOW, "w")
    command = claimed[0].command
    assert isinstance(command, Create)
    assert attempt.business_id == claimed[0].business_id == command.business_id != ""
    assert claimed[0].keys == ("a signing key of tests",)
    assert claim_calls(now=NOW, wall=NOW, owner="other", limit=9, per_seller=9, duration=MINUTE) == []


@pytest.mark.django_db
def test_calls_over_a_sellers_limit_are_held() -> None:
    first = make_call()
    for _ in range(3):
        copy_of(first)
    assert len(claim_calls(now=NOW, wall=NOW, owner="w", limit=9, per_seller=2, duration=MINUTE)) == 2
    assert Call.objects.filter(state=State.HELD, hold=Call.Hold.BUSY).count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_that_free_places_at_once_send_no_call_twice() -> None:
    """The second worker has seen the same calls held; the first leases its call before the second writes."""
    first = make_call()
    calls = [first, *(copy_of(first) for _ in range(3))]
    claim_calls(now=NOW, wall=NOW, owner="w", limit=9, per_seller=1, duration=MINUTE)
    seller = first.seller_id

    def second_frees() -> None:
        try:
            with transaction.atomic():
                release_held_sellers({seller}, {seller: 1})
        finally:
            connections.close_all()

    other = threading.Thread(target=second_frees)
    with transaction.atomic():
        release_held_sellers({seller}, {seller: 1})
        [leased] = claim_calls(now=NOW, wall=NOW, owner="w", limit=1, per_seller=2, duration=MINUTE)
        other.start()
        until(lambda: not other.is_alive() or waits_for_a_lock(), what="the other one has freed its place, or waits")
    other.join(30)
    assert leased.call_id == calls[1].pk
    states = [Call.objects.get(pk=call.pk).state for call in calls]
    assert states == [State.LEASED, State.LEASED, State.WAITING, State.HELD], "each filled its own place"


CLAIM: dict[str, Any] = {"owner": "w", "limit": 9, "per_seller": 9, "duration": MINUTE}


@pytest.mark.django_db
def test_breaker_that_closes_during_a_claim_holds_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response closes it and releases its held calls; a call held after that would wait for its last try."""
    first = make_call()
    flying, late = lease(copy_of(first), now=NOW), copy_of(first)
    open_breaker(first, now=NOW)

    def meanwhile(*args: Any, **more: Any) -> Selection:
        end(flying, Done(instance_id="i-1"), now=NOW)
        return choose(*args, **more)

    monkeypatch.setattr(claim, "choose", meanwhile)
    assert claim_calls(now=NOW, wall=NOW, **CLAIM) == []
    assert Address.objects.get().breaker == Address.Breaker.CLOSED
    assert (Call.objects.get(pk=late.pk).state, Call.objects.get(pk=late.pk).due_at) == (State.WAITING, NOW)
    monkeypatch.undo()
    assert [call.call_id for call in claim_calls(now=NOW, wall=NOW, **CLAIM)] == [late.pk]


@pytest.mark.django_db
def test_breaker_that_closes_while_a_trial_is_chosen_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_call()
    flying, late = lease(copy_of(first), now=NOW), copy_of(first)
    open_breaker(first, now=NOW)
    at = Address.objects.get().trial_at
    assert at is not None

    def meanwhile(*args: Any, **more: Any) -> Selection:
        end(flying, Done(instance_id="i-1"), now=at)
        return choose(*args, **more)

    monkeypatch.setattr(claim, "choose", meanwhile)
    assert late.pk in {call.call_id for call in claim_calls(now=at, wall=at, **CLAIM)}
    assert Address.objects.get().breaker == Address.Breaker.CLOSED


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_response_during_a_claim_releases_held_calls() -> None:
    first = make_call()
    flying, late = lease(copy_of(first), now=NOW), copy_of(first)
    open_breaker(first, now=NOW)

    def answered() -> None:
        try:
            end(flying, Done(instance_id="i-1"), now=NOW)
        finally:
            connections.close_all()

    other = threading.Thread(target=answered)
    with transaction.atomic():
        assert claim_calls(now=NOW, wall=NOW, **CLAIM) == []
        other.start()
        until(lambda: not other.is_alive() or waits_for_a_lock(), what="the answer is recorded, or waits")
    other.join(30)
    assert Address.objects.get().breaker == Address.Breaker.CLOSED
    assert (Call.objects.get(pk=late.pk).state, Call.objects.get(pk=late.pk).hold) == (State.WAITING, Call.Hold.NONE)


@pytest.mark.postgres
@pytest.mark.django_db
def test_claimed_call_stays_on_its_page() -> None:
    """0078: the page has room, so that no other one is read and written for it."""

    def page_of(call: Call) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT (ctid::text::point)[0] FROM production_call WHERE id = %s", [call.pk])
            return int(cursor.fetchone()[0])

    first = make_call()
    pages = {call: page_of(call) for call in (first, *(copy_of(first) for _ in range(40)))}
    assert len(set(pages.values())) > 1, "or the one page has room as it is"
    claimed = claim_calls(now=NOW, wall=NOW, owner="w", limit=4, per_seller=4, duration=MINUTE)
    moved = {call.pk for call, page in pages.items() if page_of(call) != page}
    assert len(claimed) == 4
    assert moved.isdisjoint(call.call_id for call in claimed)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_claim_reads_one_batch_for_any_number_of_new_due_calls() -> None:
    """With the statistics of a quiet market PostgreSQL expects a handful of due rows and would read and sort them all."""
    ended = answer(make_call(now=NOW), now=NOW)
    first = make_call(now=NOW)
    columns = ", ".join(str(field.column) for field in Call._meta.local_fields if not field.primary_key)
    copies = (
        f"INSERT INTO production_call ({columns}) SELECT {columns}"
        " FROM production_call, generate_series(1, 3000) WHERE id = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(copies, [ended.pk])
        cursor.execute("ANALYZE production_call")
        cursor.execute(copies, [first.pk])
    with CaptureQueriesContext(connection) as captured:
        claim_calls(now=NOW, wall=NOW, owner="w", limit=20, per_seller=5, duration=MINUTE)
    messages = [query["sql"] for query in captured if "set_config" in query["sql"] or "RETURNING" in query["sql"]]
    assert "LIMIT 40" in messages[0]
    nodes: list[dict[str, Any]] = []
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in "; ".join(messages).split("; "):
            if "set_config" in statement:
                cursor.execute(statement)
            elif "_lock" not in statement:
                analyse = "ANALYZE, " if "LIMIT 40" in statement else ""
                cursor.execute(f"EXPLAIN ({analyse}FORMAT JSON) {statement}")
                [[[explained]]] = cursor.fetchall()
                nodes += _nodes(explained["Plan"])
    rows_read = [node["Actual Rows"] for node in nodes if node.get("Relation Name") and "Actual Rows" in node]
    assert (rows_read[0], sum(rows_read[1:]) <= 2) == (40, True), (
        "two addresses are so few that either plan is right for them"
    )
    tables = {"production_call", "production_address", "identity_signingkey"}
    assert {node["Relation Name"] for node in nodes if "Relation Name" in node} == tables
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}, "one seller's key is not looked for among all"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("strange", "reason"),
    [
        ({"command": {"v": 2, "order_id": "CS1"}}, "Create was stored as version 2; this release knows 1 to 1"),
        ({"command": {"v": 1}}, "Create: Object missing required field"),
        ({"kind": "Teleport"}, "saas_v2 has no Teleport"),
        ({"protocol": "saas_v9"}, "saas_v9 has no Create"),
    ],
)
def test_call_of_another_release_is_left_to_it_and_delays_no_other(strange: dict[str, Any], reason: str) -> None:
    sound, odd = make_call(), make_call()
    Call.objects.filter(pk=odd.pk).update(**strange, due_at=NOW - MINUTE)
    claim: dict[str, Any] = {"owner": "w", "limit": 20, "per_seller": 5, "duration": MINUTE}
    assert [call.call_id for call in claim_calls(now=NOW, wall=NOW, **claim)] == [sound.pk]
    row = Call.objects.get(pk=odd.pk)
    assert (row.state, row.attempts, row.lease_owner, row.lease_until) == (State.WAITING, 0, "", None)
    assert (row.due_at, reason in row.last_detail) == (NOW + RETRY_DELAY, True)
    assert claim_calls(now=NOW, wall=NOW, **claim) == [], "not before its time"
    # A worker that knows the call claims it, with all its tries.
    Call.objects.filter(pk=odd.pk).update(kind="Create", protocol="saas_v2", command=sound.command)
    assert [call.number for call in claim_calls(now=NOW + RETRY_DELAY, wall=NOW, **claim)] == [1]


@pytest.mark.django_db
def test_trial_that_was_not_made_leaves_the_address_to_the_next() -> None:
    odd = make_call()
    Address.objects.update(breaker=Address.Breaker.OPEN, opened_at=NOW, trial_at=NOW)
    Call.objects.filter(pk=odd.pk).update(command={"v": 2})
    assert claim_calls(now=NOW, wall=NOW, owner="w", limit=20, per_seller=5, duration=MINUTE) == []
    assert Address.objects.get().breaker == Address.Breaker.OPEN


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", []) for node in _nodes(part))]
