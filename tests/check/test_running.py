"""A run of the tester: exit codes, progress, checks that cannot run, and errors of the tester that are not the
seller's.
"""

from __future__ import annotations

import pytest

from tests.check import plain_seller
from tests.check.mutants import MUTANTS
from tests.check.mutants import serving as mutant_serving
from tests.check.raw_server import speaking
from tradepost.check import CannotRun, Options, Progress, Verdict, run
from tradepost.check.checks import signature

KEY = plain_seller.KEY


@pytest.fixture
def url():
    with plain_seller.serving(plain_seller.PlainSeller()) as address:
        yield address


def some(url: str, *groups: str, **more):
    return Options(url=url, key=KEY, only=frozenset(groups), replay_after=0, **more)


def test_exit_code_is_0_if_all_pass(url):
    assert run(some(url, "signature")).exit_code == 0


def test_exit_code_is_1_for_one_failure(tmp_path):
    mutant = MUTANTS["saas_v2-AcceptsReplays"]
    with mutant_serving(mutant.build(tmp_path)) as url:
        report = run(
            Options(url=url, key="0123456789abcdef0123456789ABCDEF", only=frozenset({"signature"}), replay_after=0)
        )
    assert report.exit_code == 1
    assert report.diagnoses == {"accepts_replayed_nonce"}
    assert {result.check_id for result in report.failed} == {
        "signature.replayed",
        "signature.nonce_reused",
        "signature.replayed_later",
    }


def test_wrong_key_is_named(url):
    report = run(Options(url=url, key="another key", only=frozenset({"signature"})))
    first = report.results[0]
    assert (first.check_id, first.verdict) == ("signature.correct", Verdict.FAILED)
    assert first.diagnosis is not None
    assert report.diagnoses == {"wrong_key"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(url="http://127.0.0.1:1/", key="k"), "nobody answers at http://127.0.0.1:1/"),
        (Options(url="ftp://127.0.0.1/", key="k"), "is no address"),
        (Options(url="http://127.0.0.1/", key=""), "the key is missing"),
        (
            Options(url="http://127.0.0.1/", key="k", only=frozenset({"shapes"})),
            "no group shapes; there are: signature",
        ),
        (Options(url="http://127.0.0.1/", key="k", protocol="saas_v9"), "no protocol 'saas_v9'; there are: "),
    ],
)
def test_run_that_cannot_start_says_why(options, words):
    with pytest.raises(CannotRun, match=words.replace("(", r"\(")):
        run(options)


def test_progress_reports_each_check_before_and_after(url):
    told: list[Progress] = []
    report = run(some(url, "time", at_once=1), told.append)
    assert [progress.result for progress in told[1::2]] == list(report.results)
    assert all(progress.result is None for progress in told[::2])
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert {progress.total for progress in told} == {len(report.results)}


def test_error_of_the_tester_is_not_the_seller_s(url, monkeypatch):
    def breaks(caller):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(signature, "_correct", breaks)
    report = run(some(url, "signature"))
    assert report.results[0].verdict is Verdict.BROKEN
    assert "the tester failed: ZeroDivisionError: ours" in report.results[0].seen.en
    assert report.count(Verdict.FAILED) == 0
    assert report.exit_code == 2


def test_seller_is_called_again_after_its_restart(url, tmp_path):
    mark = tmp_path / "restarted"
    report = run(some(url, "idempotency", restart=f"touch {mark}"))
    assert mark.exists()
    restart = next(result for result in report.results if result.check_id == "idempotency.restart")
    assert restart.verdict is Verdict.PASSED


def test_failed_restart_command_does_not_count_against_the_seller(url):
    report = run(some(url, "idempotency", restart="false"))
    restart = next(result for result in report.results if result.check_id == "idempotency.restart")
    assert (restart.verdict, restart.seen.en) == (Verdict.SKIPPED, "the restart command ended with 1")


@pytest.mark.slow
def test_long_load_checks_pass(url):
    report = run(some(url, "load", load=True))
    assert {result.verdict for result in report.results} == {Verdict.PASSED}
    assert len(report.results) == 11


def test_dead_server_is_reported_once_and_not_called_again(url):
    """Crashed or stopped: the remaining results are unknown, so the exit code is 2, not 1."""
    seller = plain_seller.PlainSeller()
    with plain_seller.serving(seller, stops_after=120) as address:
        report = run(Options(url=address, key=KEY))
    assert report.exit_code == 2
    broken = [result for result in report.results if result.verdict is Verdict.BROKEN]
    assert len(broken) == 1
    assert "nobody answers any more: no connection: connection refused" in broken[0].seen.en
    assert report.count(Verdict.FAILED) == 0
    # Checks that ran in parallel before may have passed; none ran afterwards.
    rest = report.results[report.results.index(broken[0]) + 1 :]
    assert {result.verdict for result in rest} <= {Verdict.SKIPPED, Verdict.PASSED}
    assert report.results[-1].verdict is Verdict.SKIPPED
    assert report.results[-1].seen == broken[0].seen


def test_seller_that_needs_seconds_for_everything_is_given_up(tmp_path):
    mutant = MUTANTS["order_notice-never_answers"]
    with mutant_serving(mutant.build(tmp_path)) as address:
        report = run(Options(url=address, protocol="order_notice", key="0123456789abcdef0123456789ABCDEF", timeout=0.3))
    assert report.exit_code == 1
    assert report.diagnoses == {"too_slow"}
    assert len(report.failed) <= 3


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"\x15\x03\x01\x00\x02\x02\x50", "speaks https"), (b"220 smtp.example.com ready\r\n", "does not speak HTTP")],
)
def test_server_that_is_not_http_is_not_judged(said, words):
    with speaking(said) as (address, _), pytest.raises(CannotRun, match=words):
        run(Options(url=address, key=KEY))


def test_activities_that_a_seller_lacks_are_not_called(url):
    """Products sold once have no renewals (saas-v2 §1.4)."""
    report = run(some(url, "debug", "lifecycle", "time", leave_out=frozenset({"refreshInstance"})))
    assert report.exit_code == 0
    refused = [result for result in report.results if result.check_id == "debug.refreshInstance"]
    assert [result.verdict for result in refused] == [Verdict.SKIPPED]
    assert not any(result.group == "time" for result in report.results)
