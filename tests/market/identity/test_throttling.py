"""All throttles share one table of counters that every process uses (issue 27; decision 0100)."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from limits import RateLimitItemPerMinute, parse
from limits.strategies import FixedWindowRateLimiter

from tests import waiting
from tests.architecture.source import ROOT
from tests.configured import CONTEXTS
from tests.market.refusing import refusals
from tradepost.market.base import retention
from tradepost.market.identity import limits, throttling
from tradepost.market.identity.limit_storage import DatabaseStorage
from tradepost.market.identity.limits import ConcurrencyLimit, Delays, Limit
from tradepost.market.identity.models import Throttle

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LOGINS = Limit(name="logins", by="network", most=3)
PASSWORDS = Delays(name="passwords", by="name")
LOCK = Delays(name="a lock", by="name", free=2, first=30 * SECOND, longest=timedelta(hours=1))
ATTEMPT_COUNT = 50
pytestmark = [pytest.mark.django_db]


def count(at: datetime = NOW, key: str = "a") -> int:
    return throttling.count(LOGINS, key, now=at)


def guess(at: datetime = NOW, key: str = "x", delays: Delays = PASSWORDS) -> int:
    return throttling.begin_guess(delays, key, now=at)


# --- windows ----------------------------------------------------------------------------------------------------------


def test_window_starts_with_the_first_attempt_and_allows_the_limit() -> None:
    assert [count(), count(NOW + 10 * SECOND), count(NOW + 20 * SECOND)] == [0, 0, 0]
    assert count(NOW + 20 * SECOND) == 40
    assert count(key="b") == 0
    assert count(NOW + 60 * SECOND) == 0, "half-open interval: the next window begins where this one ends"


def test_time_is_taken_from_the_caller() -> None:
    """Neither the library's clock nor the database's is read: times a year ahead or back work too."""
    for at in (NOW + timedelta(days=365), NOW - timedelta(days=365)):
        key = f"{at.year}"
        assert [count(at, key) for _ in range(4)] == [0, 0, 0, 60]
        assert count(at + timedelta(minutes=1), key) == 0


def test_refused_attempt_is_not_counted_and_a_returned_place_is_free() -> None:
    assert [count() for _ in range(10)] == [0] * 3 + [60] * 7
    throttling.undo_try(LOGINS, "a")
    assert [count(), count()] == [0, 60]


def test_limit_from_a_setting_is_passed_by_the_caller() -> None:
    invitations = Limit(name="invitations", by="seller", setting="invitations_a_day", per=limits.DAY)
    assert [throttling.count(invitations, "1", most=2, now=NOW) for _ in range(3)] == [0, 0, 86_400]


@pytest.mark.slow
def test_counts_of_many_other_keys_evict_nothing() -> None:
    """The earlier cache dropped the oldest of 300 counts."""
    for _ in range(3):
        count()
    for other in range(400):
        count(key=f"{other}")
    assert count(NOW + SECOND) == 59


def test_attempt_takes_one_statement_and_a_refused_one_two() -> None:
    """It took four to seven statements before, including savepoints."""
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            count()
        assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert count()
    assert len(queries) == 2


def test_storage_works_with_the_library() -> None:
    storage, item = DatabaseStorage(NOW), RateLimitItemPerMinute(2)
    limiter = FixedWindowRateLimiter(storage)
    assert [limiter.hit(item, "a") for _ in range(3)] == [True, True, False]
    assert not limiter.test(item, "a")
    assert limiter.get_window_stats(item, "a") == ((NOW + 60 * SECOND).timestamp(), 0)
    assert limiter.test(item, "b")
    limiter.clear(item, "a")
    assert limiter.test(item, "a")
    assert storage.check()
    limiter.hit(item, "a")
    assert storage.reset() == 1


# --- wrong guesses ----------------------------------------------------------------------------------------------------


def test_each_wrong_guess_waits_longer() -> None:
    now = NOW
    waits: list[int] = []
    for _ in range(16):
        assert guess(now) == 0
        waits.append(guess(now) if len(waits) >= PASSWORDS.free else 0)
        now += waits[-1] * SECOND
    assert waits == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_right_guess_or_a_day_resets_the_delay() -> None:
    for _ in range(5):
        guess()
    assert guess(key="y") == 0, "guesses for another key have their own count"
    assert guess(delays=LOCK) == 0, "and so do guesses of another secret"
    assert guess() == 2
    throttling.clear_guesses(PASSWORDS, "x")
    assert guess() == 0
    for _ in range(4):
        guess()
    assert guess() == 2
    later = NOW + 2 * SECOND + limits.GUESS_MEMORY
    assert [guess(later) for _ in range(6)] == [0, 0, 0, 0, 0, 2]


def test_lock_holds_until_its_exact_end() -> None:
    for _ in range(3):
        assert guess(delays=LOCK) == 0
    assert guess(NOW + LOCK.first - timedelta(milliseconds=1), delays=LOCK) == 1
    assert Throttle.objects.get().number == 3
    assert guess(NOW + LOCK.first, delays=LOCK) == 0


def test_attempts_out_of_order_are_counted_and_not_refused() -> None:
    """An attempt that waited for a row lock has an earlier time than the row; no delay applies to it."""
    waits = [guess(NOW - timedelta(milliseconds=delay), delays=LOCK) for delay in (0, 7, 3)]
    assert waits == [0, 0, 0]
    row = Throttle.objects.get()
    assert (row.number, row.until) == (3, NOW + LOCK.first)


# --- concurrency and other processes ----------------------------------------------------------------------------------


def run_parallel(action: object, times: int = ATTEMPT_COUNT) -> list[int]:
    def run(_number: int) -> int:
        try:
            return action()  # type: ignore[operator]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(run, range(times)))


@pytest.mark.django_db(transaction=True)
def test_fifty_concurrent_attempts_are_all_counted() -> None:
    limit = Limit(name="many", by="network", most=ATTEMPT_COUNT)
    assert run_parallel(lambda: throttling.count(limit, "a", now=NOW)) == [0] * ATTEMPT_COUNT
    assert Throttle.objects.get().number == ATTEMPT_COUNT
    assert throttling.count(limit, "a", now=NOW) == 60


@pytest.mark.django_db(transaction=True)
def test_fifty_concurrent_attempts_never_exceed_the_limit() -> None:
    waits = run_parallel(count)
    assert (waits.count(0), waits.count(60)) == (3, ATTEMPT_COUNT - 3)


@pytest.mark.django_db(transaction=True)
def test_concurrent_guesses_are_all_counted() -> None:
    waits = run_parallel(guess, 12)
    assert sorted(waits) == [0] * 5 + [2] * 7


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_for_places_get_each_place_once() -> None:
    places = ConcurrencyLimit(name="places", by="account", most=2, lease=timedelta(minutes=2))
    results = run_parallel(lambda: int(throttling.take_slot(places, "a", now=NOW)), 12)
    assert sum(results) == 2


WORKER_PROGRAM = """
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from datetime import datetime
from tradepost.market.identity import limits, throttling
from tradepost.market.open_api.wrong_signatures import WrongSignatures
now = datetime.fromisoformat(sys.argv[2])
sys.stdin.readline()
for _ in range(10):
    print(throttling.count(limits.FORMS["account_login"], "network 192.0.2.1", now=now), end=" ")
for _ in range(3):
    WrongSignatures("192.0.2.1", "AK", now=now).add()
"""


@pytest.mark.django_db(transaction=True)
def test_processes_share_their_counts() -> None:
    """Wrong signatures were counted by each process separately before (openapi-jointkit §C.1)."""
    name = str(connection.settings_dict["NAME"])
    connections.close_all()
    command = [sys.executable, "-c", WORKER_PROGRAM, name, NOW.isoformat()]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=os.environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    outputs = [process.communicate("go\n", timeout=waiting.TIMEOUT) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert all(output.split() == ["0"] * 10 for output, _ in outputs)
    waits = [throttling.count(limits.FORMS["account_login"], "network 192.0.2.1", now=NOW) for _ in range(11)]
    assert waits == [0] * 10 + [60], "30 a minute over all processes"
    assert throttling.failures(limits.SIGNATURES, "192.0.2.1 AK", now=NOW).wait == 300


# --- rows -------------------------------------------------------------------------------------------------------------


def test_table_stores_no_names_and_is_read_by_an_index() -> None:
    guess(key="known@lantian.example from 192.0.2.1")
    count(key="known@lantian.example")
    assert "lantian" not in str(list(Throttle.objects.values()))
    plan = Throttle.objects.filter(key="x").explain()
    assert "INDEX" in plan or connection.vendor == "postgresql", "PostgreSQL scans a table of one row"


def test_ended_counts_are_deleted_at_night() -> None:
    guess(NOW - timedelta(days=3), "old")
    count(NOW - timedelta(days=3), "old")
    guess(key="young")
    count(key="young")
    assert throttling.RULE.old(NOW - timedelta(days=1)).count() == 2
    assert isinstance(throttling.RULE, retention.Rule)


# --- the table of limits ----------------------------------------------------------------------------------------------


def test_every_limit_has_a_unique_name_and_valid_numbers() -> None:
    declared = list(limits.all_limits())
    names = [limit.name for limit in declared]
    assert len(names) == len(set(names)) > 40
    for limit in declared:
        if isinstance(limit, Limit):
            assert bool(limit.most) != bool(limit.setting), limit.name
            assert not limit.setting or limit.setting in CONTEXTS, limit.name
            assert parse(f"1 per {limit.per}").get_expiry() >= 60, limit.name
        elif isinstance(limit, Delays):
            assert timedelta() < limit.first <= limit.longest, limit.name
        else:
            assert limit.most > 0, limit.name


def test_every_refusal_code_of_a_limit_is_raised() -> None:
    raised = {refusal.code for refusal in refusals()} | {
        "account.too_often", "second_step.too_often", "auth.locked",  # raised by their own classes
    }  # fmt: skip
    assert {limit.refusal for limit in limits.all_limits() if limit.refusal} <= raised


def test_no_other_module_counts_attempts() -> None:
    """New limits are declared in the table. Only the rate of the open API is counted by each process separately (0100)."""
    market = ROOT / "src/tradepost/market"
    users = {
        path.relative_to(market).as_posix() for path in market.rglob("*.py") if "Throttle.objects" in path.read_text()
    }
    assert users == {"identity/throttling.py", "identity/limit_storage.py"}
    library = {
        path.relative_to(market).as_posix() for path in market.rglob("*.py") if "\nfrom limits" in path.read_text()
    }
    assert library == {"identity/throttling.py", "identity/limit_storage.py", "open_api/throttle.py"}
