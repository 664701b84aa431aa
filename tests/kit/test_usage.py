"""The usage outbox: no record is lost or sent under another ID, and errors are reported per record."""

from __future__ import annotations

import signal
import sqlite3
import stat
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from tests import waiting
from tests.kit.market import HANG_UP, open_market
from tests.kit.market_answers import NOW
from tests.kit.servers import ROOT, process
from tradepost.kit.client import MarketClient, MarketError
from tradepost.kit.usage import PushResult, UsageOutbox, UsageRecord, UsageState
from tradepost.protocols.open_api import usage_push

HOUR = timedelta(hours=1)

# The program of a process that is killed while the market processes its push.
PUSH_AND_DIE = """
import sys, time
from datetime import timedelta
from decimal import Decimal
from tests.kit.market_answers import NOW
from tradepost.kit.usage import UsageOutbox

HOUR = timedelta(hours=1)

def never_comes_back(records):
    print(*(record.record_id for record in records), flush=True)
    time.sleep(600)

outbox = UsageOutbox(sys.argv[1], never_comes_back)
for number in range(3):
    outbox.add(f"i-{number}", begins_at=NOW - HOUR, ends_at=NOW, value=Decimal(number + 1), now=NOW)
outbox.push(now=NOW)
"""


class Told:
    """The market's side of a push: record what arrived, and fail or refuse as configured."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, ...]] = []
        self.errors: dict[str, str] = {}
        self.failures: list[Exception] = []

    def __call__(self, records: Sequence[UsageRecord]) -> Mapping[str, str]:
        self.batches.append(tuple(record.record_id for record in records))
        if self.failures:
            raise self.failures.pop(0)
        return {name: words for name, words in self.errors.items() if name in self.batches[-1]}


class QuickOutbox(UsageOutbox):
    """Do not wait for the disk, for tests that add hundreds and are not about power cuts."""

    def _open(self) -> sqlite3.Connection:
        connection = super()._open()
        connection.execute("PRAGMA synchronous = OFF")
        return connection


def numbers() -> object:
    made = iter(f"sn-{number}" for number in range(10_000))
    return lambda: next(made)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def outbox(tmp_path: Path, told: Told) -> UsageOutbox:
    return UsageOutbox(tmp_path / "usage.db", told, chance=numbers())  # type: ignore[arg-type]  # a function without arguments


def add(outbox: UsageOutbox, instance_id: str = "i-1", *, value: str = "1.5", hours_ago: int = 1) -> str:
    ends_at = NOW - (hours_ago - 1) * HOUR
    return outbox.add(instance_id, begins_at=ends_at - HOUR, ends_at=ends_at, value=Decimal(value), now=NOW)


def state(outbox: UsageOutbox, record_id: str) -> UsageState:
    record = outbox.find(record_id)
    assert record is not None
    return record.state


def test_record_is_what_was_added(outbox):
    record_id = outbox.add(
        "i-1", begins_at=NOW - HOUR, ends_at=NOW, value=Decimal("99.5000"), now=NOW, package_id="p", product_id="o"
    )
    assert outbox.find(record_id) == UsageRecord(
        record_id="sn-0",
        instance_id="i-1",
        begins_at=NOW - HOUR,
        ends_at=NOW,
        recorded_at=NOW,
        value=Decimal("99.5000"),
        package_id="p",
        product_id="o",
    )
    assert stat.S_IMODE(outbox.path.stat().st_mode) == 0o600


@pytest.mark.slow
def test_batches_have_at_most_a_thousand_in_the_order_of_adding(tmp_path, told):
    """openapi-jointkit §C.5: usage_records ≤ 1000."""
    outbox = QuickOutbox(tmp_path / "usage.db", told)
    ids = [add(outbox, hours_ago=number) for number in range(1, 2502)]
    assert outbox.push(now=NOW) == PushResult(accepted=2501)
    assert [len(batch) for batch in told.batches] == [1000, 1000, 501]
    assert [record_id for batch in told.batches for record_id in batch] == ids
    assert outbox.waiting() == 0
    assert outbox.push(now=NOW) == PushResult()
    assert len(told.batches) == 3


def test_failed_push_is_repeated_with_the_same_records_and_ids(outbox, told):
    told.failures = [MarketError("unreachable", "no answer"), MarketError("94060002", "Auth failed!", status=401)]
    ids = (add(outbox, "i-1"), add(outbox, "i-2"))
    assert outbox.push(now=NOW) == PushResult(trouble="unreachable: no answer")
    later = add(outbox, "i-3")
    assert outbox.push(now=NOW) == PushResult(trouble="94060002: Auth failed!")
    assert outbox.waiting() == 3
    assert outbox.push(now=NOW) == PushResult(accepted=3)
    assert told.batches == [ids, ids, ids, (later,)]


def test_abnormal_records_are_kept_with_the_market_s_message(outbox, told):
    """openapi-jointkit §C.5 rule 1: abnormal ones must be reported again."""
    good, bad = add(outbox, "i-1"), add(outbox, "i-2")
    told.errors = {bad: "94060014: the resource is closed", "of nobody": "94060009: not yours"}
    assert outbox.push(now=NOW) == PushResult(accepted=1, refused=1)
    assert state(outbox, good) is UsageState.ACCEPTED
    (refused,) = outbox.refused()
    assert (refused.record_id, refused.error) == (bad, "94060014: the resource is closed")
    again = outbox.correct(bad, value=Decimal(3), now=NOW + HOUR)
    assert again not in {good, bad}
    assert outbox.refused() == ()
    assert outbox.push(now=NOW + HOUR) == PushResult(accepted=1)
    assert told.batches == [(good, bad), (again,)]
    with pytest.raises(LookupError):
        outbox.correct(bad, value=Decimal(3), now=NOW)


def test_duplicate_counts_as_accepted(outbox, told):
    """openapi-jointkit §C.5 rule 4: the same instance, begin and end again is a duplicate; only the first counts."""
    record_id = add(outbox)
    told.failures = [MarketError("unreachable", "the answer got lost")]
    outbox.push(now=NOW)
    told.errors = {record_id: "94060010: the record is a duplicate"}
    assert outbox.push(now=NOW) == PushResult(accepted=1)
    record = outbox.find(record_id)
    assert record is not None
    assert (record.state, record.error) == (UsageState.ACCEPTED, "94060010: the record is a duplicate")
    assert outbox.refused() == ()


@pytest.mark.parametrize("code", ["APIGW.0101", "APIG.0101", "APIGW.0201", "94060001", "94060002"])
def test_error_that_is_not_about_the_records_leaves_them_waiting(outbox, told, code):
    """openapi-jointkit §C.2: .0101, the API does not exist: the address is wrong, not the records."""
    add(outbox, "i-1"), add(outbox, "i-2")
    told.failures = [MarketError(code, "words", status=404)]
    assert outbox.push(now=NOW) == PushResult(trouble=f"{code}: words")
    assert (outbox.waiting(), outbox.refused()) == (2, ())
    assert outbox.push(now=NOW) == PushResult(accepted=2)


def test_failing_batch_does_not_delay_the_next(tmp_path):
    """openapi-jointkit §C.5: records older than 21 days are void, so waiting for one batch would lose the others."""

    def push(records: Sequence[UsageRecord]) -> Mapping[str, str]:
        if any(record.instance_id == "stone" for record in records):
            raise MarketError("94060001", "System error!", status=500)
        return {}

    outbox = UsageOutbox(tmp_path / "usage.db", push, batch=1)
    for name in ("stone", "i-1", "i-2"):
        add(outbox, name)
    assert outbox.push(now=NOW) == PushResult(accepted=2, trouble="94060001: System error!")
    assert outbox.push(now=NOW) == PushResult(trouble="94060001: System error!")
    assert outbox.waiting() == 1


def test_pushes_stop_after_three_failing_batches(tmp_path, told):
    told.failures = [MarketError("94060001", "System error!", status=500) for _ in range(9)]
    outbox = UsageOutbox(tmp_path / "usage.db", told, batch=1)
    for number in range(5):
        add(outbox, f"i-{number}")
    assert outbox.push(now=NOW).trouble == "94060001: System error!"
    assert len(told.batches) == 3


def test_retry_after_of_the_market_is_returned(outbox, told):
    """openapi-jointkit §C.3: 406 MKT.0250 and 429 .0308, throttled."""
    add(outbox)
    told.failures = [MarketError("MKT.0250", "Access frequency overlimit", status=406, retry_after=7)]
    assert outbox.push(now=NOW).retry_after == 7


@pytest.mark.parametrize("code", ["94060004", "94060005", "94060999", "94060014", "MKT.9002", "CBC.9001"])
def test_invalid_record_does_not_delay_the_others(tmp_path, code):
    """A refused batch is halved until the faulty record is separated."""
    pushed: list[int] = []

    def push(records: Sequence[UsageRecord]) -> Mapping[str, str]:
        pushed.append(len(records))
        if any(record.instance_id == "wrong" for record in records):
            raise MarketError(code, "Param invalid", status=400)
        return {}

    outbox = UsageOutbox(tmp_path / "usage.db", push)
    for number in range(10):
        add(outbox, "wrong" if number == 6 else f"i-{number}")
    assert outbox.push(now=NOW) == PushResult(accepted=9, refused=1)
    assert [(record.instance_id, record.error) for record in outbox.refused()] == [("wrong", f"{code}: Param invalid")]
    assert pushed == [10, 5, 5, 2, 1, 1, 3]


def test_batch_that_is_all_invalid_is_not_split(tmp_path):
    """openapi-jointkit §C.6 names no records: ``extra_info.wrongRecords`` says that each part would only be refused again."""
    pushed: list[int] = []

    def push(records: Sequence[UsageRecord]) -> Mapping[str, str]:
        pushed.append(len(records))
        raise MarketError("MKT.9001", "Instance ID not found.", status=500, wrong_records=10)

    outbox = UsageOutbox(tmp_path / "usage.db", push)
    for number in range(10):
        add(outbox, f"i-{number}")
    assert outbox.push(now=NOW) == PushResult(refused=10)
    assert pushed == [10]
    assert {record.error for record in outbox.refused()} == {"MKT.9001: Instance ID not found."}


def test_same_usage_added_again_is_the_same_record(outbox, told):
    """openapi-jointkit §C.5 rule 4: the same instance, begin and end again is a duplicate; only the first counts."""
    first = add(outbox)
    assert add(outbox, value="1.50") == first
    outbox.push(now=NOW)
    assert add(outbox) == first
    with pytest.raises(ValueError, match=r"remembered as 1\.5, not 2"):
        add(outbox, value="2")
    assert outbox.push(now=NOW) == PushResult()
    assert told.batches == [(first,)]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"value": Decimal(0)}, "above 0"),
        ({"value": Decimal(-1)}, "above 0"),
        ({"value": Decimal("NaN")}, "above 0"),
        ({"value": Decimal("0.00001")}, "at most 4 decimals"),
        ({"value": Decimal(100_000_000)}, "below 100000000"),
        ({"instance_id": ""}, "1 to 64 characters"),
        ({"instance_id": "x" * 65}, "1 to 64 characters"),
        ({"package_id": "x" * 65}, "at most 64 characters"),
        ({"begins_at": NOW + HOUR}, "rule 3"),
        ({"ends_at": NOW + HOUR}, "rule 3"),
        ({"begins_at": NOW.replace(tzinfo=None)}, "must be aware"),
        ({"begins_at": NOW - timedelta(microseconds=1)}, "whole seconds"),
    ],
)
def test_usage_that_the_interface_cannot_carry_is_refused_at_once(outbox, changed, words):
    """openapi-jointkit §C.5: usage_value > 0 with ≤ 4 decimals, ids ≤ 64, begin_time ≤ end_time ≤ report time."""
    usage = {"instance_id": "i-1", "begins_at": NOW - HOUR, "ends_at": NOW, "value": Decimal(1), "now": NOW} | changed
    with pytest.raises(ValueError, match=words):
        outbox.add(usage.pop("instance_id"), **usage)
    assert outbox.waiting() == 0


def test_kill_during_a_push_loses_nothing_and_keeps_the_ids(tmp_path, told):
    path = tmp_path / "usage.db"
    with process([sys.executable, "-c", PUSH_AND_DIE, str(path)], tmp_path, PYTHONPATH=f"{ROOT / 'src'}:{ROOT}") as one:
        assert one.stdout is not None
        sent = tuple(one.stdout.readline().split())
        one.send_signal(signal.SIGKILL)
        one.wait(timeout=600)
    assert len(sent) == 3
    outbox = UsageOutbox(path, told)
    assert outbox.waiting() == 3
    # The dead process still holds its batch; no other may push it yet.
    assert outbox.push(now=NOW) == PushResult()
    assert outbox.push(now=NOW + timedelta(minutes=2)) == PushResult(accepted=3)
    assert told.batches == [sent]


def test_parallel_pushes_do_not_send_the_same_records(tmp_path):
    everybody_is_here = Barrier(4)
    batches: list[tuple[str, ...]] = []

    def push(records: Sequence[UsageRecord]) -> Mapping[str, str]:
        batches.append(tuple(record.record_id for record in records))
        return {}

    outbox = QuickOutbox(tmp_path / "usage.db", push, batch=10)
    ids = [add(outbox, hours_ago=number) for number in range(1, 101)]

    def one(_: int) -> int:
        everybody_is_here.wait(waiting.TIMEOUT)
        return outbox.push(now=NOW).accepted

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(one, range(4))) == 100
    assert sorted(record_id for batch in batches for record_id in batch) == sorted(ids)
    assert all(len(batch) <= 10 for batch in batches)


def test_exception_returns_the_batch(outbox, told):
    told.failures = [RuntimeError("a bug")]
    add(outbox)
    with pytest.raises(RuntimeError, match="a bug"):
        outbox.push(now=NOW)
    assert outbox.push(now=NOW) == PushResult(accepted=1)


def test_thread_pushes_until_stopped_and_reports_errors(outbox, told, caplog):
    told.failures = [RuntimeError("a bug"), MarketError("unreachable", "no answer")]
    record_id = add(outbox)
    told.errors = {record_id: "94060014: closed"}
    stop, pause = Event(), Event()
    options = {"every": timedelta(milliseconds=5), "clock": lambda: NOW}
    thread = Thread(target=outbox.run, args=(stop,), kwargs=options)
    thread.start()
    while outbox.waiting():
        pause.wait(0.01)
    stop.set()
    thread.join(timeout=600)
    for words in ("pushing usage failed", "usage stays in the outbox: unreachable", "refused 1 usage records"):
        assert words in caplog.text


def test_accepted_records_are_deleted_on_request(outbox, told):
    old, wrong = add(outbox, "i-1"), add(outbox, "i-2")
    told.errors = {wrong: "94060014: closed"}
    outbox.push(now=NOW)
    assert outbox.forget(before=NOW) == 0
    assert outbox.forget(before=NOW + HOUR) == 1
    assert outbox.find(old) is None
    assert [record.record_id for record in outbox.refused()] == [wrong]


def test_batch_is_never_larger_than_the_interface_allows(tmp_path, told):
    with pytest.raises(ValueError, match="1 to 1000"):
        UsageOutbox(tmp_path / "usage.db", told, batch=1001)


def test_outbox_delivers_over_a_socket_to_a_market_that_dies_once(tmp_path):
    """openapi-jointkit §C.5, all together: outbox, client, signature, per-record errors."""
    with open_market(lambda: NOW) as market:
        client = MarketClient(market.url, "AK", "secret", pause=0, base_key="key", clock=lambda: NOW, tries=1)
        outbox = UsageOutbox(tmp_path / "usage.db", client.push_usage)
        one, two = add(outbox, "i-1"), add(outbox, "i-2")
        market.answers = [HANG_UP]
        assert outbox.push(now=NOW).trouble.startswith("unreachable: ")
        bad = usage_push.AbnormalRecord(metering_sn=two, instance_id="i-2", code="94060014", message="closed")
        market.answers = [usage_push.push_response([bad])]
        assert outbox.push(now=NOW) == PushResult(accepted=1, refused=1)
        first, second = (
            usage_push.open_push(asked, key="key", now=NOW, nonce_seen=lambda _nonce, _until: False)
            for asked in market.asked
        )
    assert first == second
    assert [record.metering_sn for record in first] == [one, two]
    assert replace(outbox.refused()[0], error="").state is UsageState.REFUSED
    assert outbox.refused()[0].error == "94060014: closed"
