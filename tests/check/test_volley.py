"""Requests at the same moment: the seller gets all of them together, or the check says that this machine could not."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Barrier

import pytest

from tests import waiting
from tests.check.mutants import KEY, MUTANTS
from tests.check.mutants import serving as mutant_serving
from tests.check.plain_seller import KEY as PLAIN_KEY
from tests.check.plain_seller import PlainSeller
from tests.check.plain_seller import serving as plain_serving
from tests.check.unusual_sellers import Server, serving
from tradepost.check import Options, Report, Verdict, run, volley
from tradepost.check.caller import Caller
from tradepost.check.http_client import Hold, HttpClient, LastByte
from tradepost.check.session import begin
from tradepost.check.target import target_of
from tradepost.check.volley import MAX_SPREAD_SECONDS, Volley
from tradepost.protocols.http import Request

NUMBER = 50
PAUSE = 1000.0
"""Seconds. Longer than any exchange of these tests."""


def caller(url: str) -> Caller:
    options = Options(url=url, key=PLAIN_KEY, timeout=waiting.TIMEOUT)
    target = target_of("saas_v2")
    return Caller(begin(target, options, clock=lambda: datetime.now(UTC), chance=lambda: secrets.token_hex(16)))


class Meeting(Server):
    """Answer only after all requests of a volley are in progress."""

    def __init__(self, seller: PlainSeller, number: int) -> None:
        super().__init__(seller)
        self.barrier = Barrier(number)

    def answer(self, path: str, content_type: str, body: bytes) -> bytes:
        self.barrier.wait(waiting.TIMEOUT)
        return super().answer(path, content_type, body)


def test_seller_gets_all_requests_at_the_same_moment():
    server = Meeting(PlainSeller(), NUMBER)
    with serving(server) as url:
        market = caller(url)
        requests = [market.request(market.samples.create(test=True)) for _ in range(NUMBER)]
        answers = market.send_simultaneously(requests)
    assert server.most_inside == NUMBER
    assert [answer.request for answer in answers] == requests
    assert {answer.received.fault for answer in answers} == {""}
    assert market.volleys[0].under_way == NUMBER
    assert market.volleys[0].together
    market.expect_sent_together()


def test_refused_connections_do_not_delay_the_others(monkeypatch):
    monkeypatch.setattr(volley, "MAX_STILL_SECONDS", PAUSE)
    monkeypatch.setattr(volley, "MAX_HOLD_SECONDS", PAUSE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with serving(Server(PlainSeller())) as url:
        market = caller(url)
        correct = market.request(market.samples.create(test=True))
        missing = Request("POST", closed, correct.headers, correct.body)
        answers = market.send_simultaneously([missing, correct, missing])
    assert [answer.received.unreachable for answer in answers] == [True, False, True]
    assert answers[1].accepted
    assert market.volleys[0].late == 0


def test_connections_without_a_place_are_waited_for_only_for_a_moment():
    """The program accepts no connection, so only the queue of its system takes some."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        options = Options(url=f"http://127.0.0.1:{listener.getsockname()[1]}/", key=PLAIN_KEY, timeout=1)
        target = target_of("saas_v2")
        market = Caller(begin(target, options, clock=lambda: datetime.now(UTC), chance=lambda: secrets.token_hex(16)))
        answers = market.send_simultaneously([Request("POST", options.url, (), b"{}")] * 5)
    assert {answer.received.fault for answer in answers} <= {"too_slow", "no_answer"}
    assert any(answer.received.unreachable for answer in answers)
    assert market.volleys[0].late == 0


def test_held_time_is_not_the_seller_s():
    """The request is held until the clock has advanced by more than the time limit."""

    def hold(last_byte: LastByte) -> None:
        waiting.until(lambda: time.perf_counter() > began + limit)

    with serving(Server(PlainSeller())) as url:
        market = caller(url)
        request = market.request(market.samples.create(test=True))
        quick = HttpClient(waiting.TIMEOUT).send(request)
        limit = max(1.0, 3 * quick.seconds)
        began = time.perf_counter()
        received = HttpClient(limit).send(request, hold=Hold(hold))
        elapsed = time.perf_counter() - began
    assert (received.status, received.fault) == (200, "")
    assert elapsed - received.seconds > limit / 2


@pytest.mark.parametrize(
    ("under_way", "spread", "late", "together"),
    [
        (50, 0.0, 0, True),
        (20, 3.0, 30, True),
        (19, 3.0, 0, False),
        (1, MAX_SPREAD_SECONDS, 0, True),  # a seller that answers at once
        (1, 0.0, 40, False),
    ],
)
def test_requests_count_as_together(under_way, spread, late, together):
    sent = Volley(NUMBER)
    sent.under_way, sent.spread, sent.late = under_way, spread, late
    assert sent.together is together


@contextmanager
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Send each request of a volley only after the one before it was answered."""
    send = LastByte.send

    def send_alone(last_byte: LastByte) -> None:
        send(last_byte)
        waiting.until(lambda: last_byte.answered)

    with monkeypatch.context() as patch:
        patch.setattr(LastByte, "send", send_alone)
        patch.setattr(volley, "MAX_SPREAD_SECONDS", 0.0)
        yield


def burst(report: Report):
    return next(result for result in report.results if result.check_id == "load.burst_50")


def test_seller_is_not_judged_if_its_requests_were_not_together(tmp_path, monkeypatch):
    """Twenty at once are too many for this seller, but it gets one after the other."""
    mutant = MUTANTS["order_notice-twenty_at_once_are_too_many"]
    with mutant_serving(mutant.build(tmp_path)) as url, busy_machine(monkeypatch):
        options = Options(url=url, protocol=mutant.protocol, key=KEY, again=frozenset({"load.burst_50"}))
        report = run(options)
    result = burst(report)
    assert (result.verdict, result.diagnosis) == (Verdict.SKIPPED, None)
    assert "50 requests at the same moment" in result.seen.en
    assert "同时发送50个请求" in result.seen.zh


def test_honest_seller_does_not_fail_because_of_this_machine(monkeypatch):
    with plain_serving(PlainSeller()) as url, busy_machine(monkeypatch):
        report = run(Options(url=url, key=PLAIN_KEY, again=frozenset({"load.burst_50"})))
    assert burst(report).verdict is Verdict.SKIPPED
    assert report.exit_code == 0


def test_failure_counts_although_requests_were_not_together(monkeypatch):
    class Failing(Server):
        def refused(self) -> tuple[int, dict[str, str]] | None:
            return (500, {}) if 30 <= self.requests < 40 else None

    with serving(Failing(PlainSeller())) as url, busy_machine(monkeypatch):
        report = run(Options(url=url, key=PLAIN_KEY, again=frozenset({"load.burst_50"}), at_once=1))
    assert burst(report).verdict is Verdict.FAILED
