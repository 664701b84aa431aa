"""A run never passes a check that it could not run: creations that do not end, time limits, and the first line of the
reports.
"""

from __future__ import annotations

import json
import re
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from tests.check import plain_seller
from tests.check.mutants import KEY, MUTANTS
from tests.check.mutants import serving as mutant_serving
from tests.check.mutants.slow_servers import slow_on
from tests.check.unusual_sellers import OneByOne
from tests.check.unusual_sellers import serving as unusual_serving
from tradepost.check import CannotRun, Options, Report, Verdict, run
from tradepost.check.budget import RunBudget
from tradepost.check.checks import checks_for
from tradepost.check.choice import chosen_checks
from tradepost.check.reports.as_json import as_json
from tradepost.check.reports.headline import counts, headline
from tradepost.check.reports.html import html
from tradepost.check.reports.junit import junit
from tradepost.check.reports.terminal import show
from tradepost.check.target import target_of
from tradepost.cli import main


@pytest.fixture(scope="module")
def never_ends(tmp_path_factory) -> Report:
    """newInstance answers 000004 forever to real calls, and answers test calls correctly (saas-v2 §3.1)."""
    mutant = MUTANTS["saas_v2-creation_never_ends"]
    with mutant_serving(mutant.build(tmp_path_factory.mktemp("mutant"))) as url:
        return run(Options(url=url, key=KEY, patience=0.3, replay_after=0))


@pytest.fixture
def url():
    with plain_seller.serving(plain_seller.PlainSeller()) as address:
        yield address


def test_creation_that_never_ends_fails_the_run(never_ends):
    assert never_ends.exit_code == 1
    assert never_ends.diagnoses == {"never_ready"}
    assert len(never_ends.blocked) > 60
    assert {"idempotency", "lifecycle", "time"} <= {result.group for result in never_ends.blocked}


def text_of(report: Report, *, chinese: bool = False) -> str:
    console = Console(file=StringIO(), width=100)
    show(report, console, chinese=chinese)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_skipped_checks_are_the_first_sentence_of_every_report(never_ends):
    words, number = headline(never_ends), len(never_ends.blocked)
    assert words.en.startswith(f"Failed: {number} checks that this protocol needs could not be asked (")
    assert "newInstance goes on answering 000004" in words.en
    assert words.zh.startswith(f"未通过：该协议必需的{number}项检查无法进行（")
    assert text_of(never_ends).startswith(words.en)
    assert text_of(never_ends, chinese=True).startswith(words.zh)
    page = html(never_ends)
    assert page.index(words.en) < page.index("<article")
    assert page.index(words.zh) < page.index("<article")
    assert "passed</h1>" not in page
    read = json.loads(as_json(never_ends))
    assert (read["headline"], read["headlineZh"], read["notAsked"]) == (words.en, words.zh, number)
    assert {one["check"] for one in read["results"] if one["needed"]} == {r.check_id for r in never_ends.blocked}


def test_pipeline_that_only_reads_junit_fails(never_ends):
    """Skipped cases are green there."""
    root = ET.fromstring(junit(never_ends))
    assert root.get("failures") == "1"
    first = root.find("./testsuite/testcase")
    assert first is not None
    assert first.get("classname") == "saas_v2.run"
    failure = first.find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("never_ready", headline(never_ends).en)
    assert root.get("tests") == str(len(never_ends.results) + 1)
    told = {one.get("name"): one.get("value") for one in root.iter("property")}
    assert told["headline.zh"] == headline(never_ends).zh


def test_headline_counts_passed_failed_warned_and_skipped(never_ends):
    passed, skipped = never_ends.count(Verdict.PASSED), never_ends.count(Verdict.SKIPPED)
    words = counts(never_ends)
    assert words.en == f"{passed} passed, 0 failed, 0 warned, {skipped} skipped"
    assert words.zh == f"{passed}项通过，0项失败，0项警告，{skipped}项跳过"
    assert words.en in text_of(never_ends)
    assert words.zh in text_of(never_ends, chinese=True)
    read = json.loads(as_json(never_ends))
    assert (read["summary"], read["summaryZh"]) == (words.en, words.zh)


def test_run_that_is_out_of_time_does_not_pass(tmp_path):
    with mutant_serving(slow_on(tmp_path, "saas_v2", seconds=0.05)) as url:
        report = run(Options(url=url, key=KEY, within=1, answer_within=600, replay_after=0))
    assert report.exit_code == 1
    # On a busy machine most answers may take longer than a second: then the seller is slow.
    assert report.diagnoses in ({"out_of_time"}, {"slow_answer"})
    assert "the 1 s of this run are over" in headline(report).en
    if report.diagnoses == {"out_of_time"}:
        assert "(at most 600 s, saas-v2 §3.0); --within gives it more time" in headline(report).en


def test_slow_seller_is_named_with_its_times_and_its_limit(tmp_path):
    """saas-v2 §3.0: an answer within 5 s; here within less, so that the test is not slow."""
    with mutant_serving(slow_on(tmp_path, "saas_v2", seconds=0.4)) as url:
        report = run(Options(url=url, key=KEY, answer_within=0.25, replay_after=0))
    assert report.exit_code == 1
    assert report.diagnoses == {"slow_answer"}
    for told in (report.failed[0].seen.en, headline(report).en):
        assert re.search(r"newInstance \d+\.\d s \(at most 0\.25 s, saas-v2 §3\.0\)", told), told


def test_seller_that_answers_one_at_a_time_is_waited_for_without_a_limit():
    server = OneByOne(plain_seller.PlainSeller(), delay=0.001)
    with unusual_serving(server) as address:
        report = run(Options(url=address, key=plain_seller.KEY, only=frozenset({"shape"}), within=0, at_once=1))
    assert (report.exit_code, report.blocked) == (0, ())


@pytest.mark.slow
def test_run_names_the_instances_it_leaves_behind(tmp_path):
    """Unanswered releases take ten seconds in all, not twenty each."""
    with mutant_serving(slow_on(tmp_path, "license_v1", "releaseLicense", test=False, seconds=30)) as address:
        options = Options(url=address, protocol="license_v1", key=KEY, only=frozenset({"shape"}), timeout=1, at_once=1)
        report = run(options)
    assert len(report.left_behind) > 0
    assert "could not be released and stay at the seller" in text_of(report)
    assert json.loads(as_json(report))["leftBehind"] == list(report.left_behind)


def test_budget_ends_with_its_time():
    assert not RunBudget().over
    assert RunBudget(within=1e-9).over
    lasting = RunBudget(within=100)
    assert 99 < lasting.left <= 100
    assert not lasting.may_wait(11)
    assert lasting.may_wait(9)
    assert not RunBudget(within=5).may_wait(9)


# --- one check again -------------------------------------------------------------------------------------------------


def test_single_check_runs_with_what_it_needs(url):
    report = run(Options(url=url, key=plain_seller.KEY, again=frozenset({"lifecycle.renew"})))
    assert [result.check_id for result in report.results] == ["signature.correct", "lifecycle.renew"]
    assert report.exit_code == 0


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ("wire.kept.forged", {"signature.correct", "wire.kept.forged"}),
        ("signature.replayed_later", {"signature.correct", "signature.replayed", "signature.replayed_later"}),
        ("signature.correct", {"signature.correct"}),
    ],
)
def test_prerequisites_of_a_check_run_before_it(wanted, asked):
    checks = checks_for(target_of("saas_v2"), Options(url="http://x/", key="k"))
    assert {check.check_id for check in chosen_checks(checks, frozenset({wanted}))} == asked


def test_check_of_the_whole_run_needs_the_whole_run():
    checks = checks_for(target_of("saas_v2"), Options(url="http://x/", key="k"))
    assert chosen_checks(checks, frozenset({"secrets.key_hidden"})) == checks


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("nonsense", "no check nonsense among those chosen; a report names them"),
        ("lifecycle.renews", "did you mean lifecycle.renew"),
        ("lifecyle.renew", "did you mean lifecycle.renew"),
        ("idempotency.restart", "it needs --restart"),
        ("load.sustained_10", "it needs --load"),
    ],
)
def test_unknown_check_is_reported(wanted, said):
    checks = checks_for(target_of("saas_v2"), Options(url="http://x/", key="k"))
    with pytest.raises(CannotRun, match=said):
        chosen_checks(checks, frozenset({wanted}))


def test_exchange_of_a_passed_check_is_shown(url, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with pytest.raises(SystemExit) as left:
        main(["check", url, "--key", plain_seller.KEY, "--again", "lifecycle.renew"])
    out = capsys.readouterr().out
    assert left.value.code == 0
    assert out.count("curl --silent") == 3
    assert out.count("HTTP/1.1 200") == 3
    assert '"activity":"refreshInstance"' in out
    assert f"tradepost check '{url}' --protocol saas_v2 --again lifecycle.renew" in out


@pytest.mark.slow
def test_terminal_output_is_chinese_for_a_chinese_locale(url, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with pytest.raises(SystemExit):
        main(["check", url, "--key", "another key", "--only", "signature"])
    out = capsys.readouterr().out
    assert "诊断" in out
    assert "项失败" in out
    assert "Diagnosis" not in out
