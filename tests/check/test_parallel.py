"""Parallel checks: as many as the seller reads, with the same verdicts as one at a time."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

import pytest

from tests.check.plain_seller import KEY, PlainSeller
from tests.check.unusual_sellers import OneByOne, Server, serving
from tradepost.check import Options, Progress, Report, Verdict, run
from tradepost.check.caller import Caller
from tradepost.check.checks import checks_for
from tradepost.check.concurrency import FIRST_LIMIT, ConcurrencyLimit
from tradepost.check.http_client import RawResponse
from tradepost.check.parallel import reads_concurrently
from tradepost.check.session import begin
from tradepost.check.target import target_of

GROUPS = frozenset({"signature", "shape", "lifecycle", "debug", "time"})


def caller(url: str) -> Caller:
    options = Options(url=url, key=KEY)
    target = target_of("saas_v2")
    return Caller(begin(target, options, clock=lambda: datetime.now(UTC), chance=lambda: secrets.token_hex(16)))


def verdicts(report: Report) -> dict[str, Verdict]:
    return {result.check_id: result.verdict for result in report.results}


@pytest.mark.parametrize(("kind", "expected"), [(Server, True), (OneByOne, False)])
def test_held_request_shows_whether_others_are_read_meanwhile(kind, expected):
    with serving(kind(PlainSeller())) as url:
        assert reads_concurrently(caller(url)) is expected


def test_checks_run_in_parallel_and_are_reported_in_order():
    told: list[Progress] = []
    server = Server(PlainSeller(), delay=0.03)
    with serving(server) as url:
        options = Options(url=url, key=KEY, only=GROUPS, replay_after=0)
        report = run(options, told.append)
    assert server.most_inside >= FIRST_LIMIT
    assert report.exit_code == 0
    assert [r.check_id for r in report.results] == [c.check_id for c in checks_for(target_of("saas_v2"), options)]
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    ended = [progress.result for progress in told if progress.result is not None]
    assert sorted(r.check_id for r in ended) == sorted(r.check_id for r in report.results)
    assert told[-1].done == told[-1].total == len(report.results)


class Quarrelling(Server):
    """Fail when two requests are in progress: a mistake for the group load only."""

    def refused(self) -> tuple[int, dict[str, str]] | None:
        return (500, {}) if self.inside > 1 else None


class Breaking(Server):
    """Close the connection when two requests are in progress."""

    def answer(self, path: str, content_type: str, body: bytes) -> bytes:
        if self.inside > 1:
            raise ConnectionAbortedError
        return super().answer(path, content_type, body)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("kind", [Quarrelling, Breaking])
def test_failure_only_in_parallel_is_not_a_mistake(kind, capfd):
    groups = frozenset({"shape", "lifecycle", "debug"})
    server = kind(PlainSeller(), delay=0.005)
    with serving(server) as url:
        beside = run(Options(url=url, key=KEY, only=groups))
        assert server.most_inside > 1
        alone = run(Options(url=url, key=KEY, only=groups, at_once=1))
    assert beside.exit_code == 0, [r for r in beside.results if r.verdict is Verdict.FAILED]
    assert verdicts(beside) == verdicts(alone)


def test_concurrency_grows_with_good_answers_and_falls_at_errors():
    concurrency = ConcurrencyLimit(8)
    good, now = RawResponse(status=200), time.monotonic
    concurrency.learn(good, now())
    assert concurrency.limit == 1, "it grows only after the seller was seen to read several"
    concurrency.widen()
    assert concurrency.limit == FIRST_LIMIT
    for _ in range(9):
        concurrency.learn(good, now())
    assert concurrency.limit == 8
    sent_before = now()
    concurrency.learn(RawResponse(status=503), now())
    assert (concurrency.limit, concurrency.most) == (4, 4)
    concurrency.learn(RawResponse(status=503), sent_before)
    assert concurrency.limit == 4, "one crowd is one trouble"
    concurrency.learn(RawResponse(status=200, resent=1), now())
    assert (concurrency.limit, concurrency.most) == (2, 2)
    concurrency.learn(RawResponse(fault="no_answer"), now())
    concurrency.learn(good, now())
    assert (concurrency.limit, concurrency.most) == (1, 1)


def test_one_at_once_is_one_at_once():
    server = Server(PlainSeller(), delay=0.001)
    with serving(server) as url:
        report = run(Options(url=url, key=KEY, only=frozenset({"shape", "debug"}), at_once=1))
    assert report.exit_code == 0
    assert server.most_inside == 1
