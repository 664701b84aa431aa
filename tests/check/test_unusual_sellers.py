"""No false alarm for unusual servers: what HTTP allows, what no page forbids, and slow sellers."""

from __future__ import annotations

import pytest

from tests.check.plain_seller import KEY, PlainSeller
from tests.check.unusual_sellers import EagerServer, Limited, OldServer, OneByOne, ProvisionsLater, Server, serving
from tradepost.check import Options, Report, Verdict, run

OFFERED = ("upgradeInst", "changeInst")
"""Optional, and not offered by these (saas-v2 §1.4)."""


def told(report: Report, *verdicts: Verdict) -> list[tuple[str, str]]:
    return [(result.check_id, result.seen.en) for result in report.results if result.verdict in verdicts]


def examined(server: Server, *groups: str, at_once: int = 16) -> Report:
    with serving(server) as url:
        return run(Options(url=url, key=KEY, only=frozenset(groups), replay_after=0, at_once=at_once))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [OldServer, EagerServer])
def test_everything_that_http_allows_is_right(kind):
    """saas-v2 §3.0 requires HTTP 200, application/json and a JSON object, and nothing else of a server."""
    report = examined(kind(PlainSeller()))
    assert told(report, Verdict.FAILED, Verdict.BROKEN, Verdict.WARNED) == []
    skipped = told(report, Verdict.SKIPPED)
    assert [name for name, seen in skipped if not any(word in name + seen for word in OFFERED)] == [
        "lifecycle.scene.renewal_change",
        "time.usage_time",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("pending", ["000004", "000003", "000000", "000005"])
def test_any_answer_about_an_instance_in_creation_is_waited_for(pending):
    """saas-v2 §3.2: the answer of a query meanwhile is undocumented; a market repeats it until the instance exists."""
    report = examined(Server(ProvisionsLater(pending=pending)), "shape", "lifecycle", "debug")
    assert told(report, Verdict.FAILED, Verdict.BROKEN, Verdict.WARNED) == []


@pytest.mark.slow
def test_rate_limit_is_a_warning():
    """saas-v2 §3.0: HTTP 200 always; but no market calls as fast as a tester."""
    report = examined(Limited(PlainSeller()), "signature", "shape", "wire", "idempotency", "load")
    assert told(report, Verdict.FAILED, Verdict.BROKEN) == []
    assert [name for name, _ in told(report, Verdict.WARNED)] == ["wire.unlimited"]
    assert report.exit_code == 0


@pytest.mark.slow
def test_seller_that_answers_one_at_a_time_is_called_one_at_a_time():
    server = OneByOne(PlainSeller(), delay=0.001)
    # Those without parallel calls of their own, which its short queue would delay.
    report = examined(server, "shape", "wire", "lifecycle", "debug")
    assert told(report, Verdict.FAILED, Verdict.BROKEN, Verdict.WARNED) == []
    assert server.most_inside == 1
