"""The tester names the mistake of each mutant seller, and finds none in an honest one."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path

import pytest

from tests.check.mutants import KEY, MUTANTS, Answering, Mutant, Shop, SlowShop, serving
from tests.check.mutants.batches import OwnAccounts
from tests.check.mutants.spelled import SpelledV1, SpelledV2
from tradepost.check import Options, Report, Verdict, run
from tradepost.check.diagnoses import NAMES, uploads
from tradepost.protocols import registry
from tradepost.protocols.contract import SellerProtocol

REFUSED = {"refuses_correct_request", "other_result_code"}
MISSING = {"refuses_correct_request", "other_result_code", "frozen_is_lost", "depends_on_order"}
ALSO: dict[str, set[str]] = {
    # Mistakes with further consequences.
    "saas_v2-UnknownInstanceHasData": {"released_still_answers"},
    "saas_v1-UnknownInstanceHasData": {"released_still_answers"},
    "saas_v2-UnknownActivityIsFine": {"accepts_missing_field", "activity_case"},
    "saas_v1-UnknownActivityIsFineV1": {"accepts_missing_field", "activity_case"},
    "saas_v2-OtherStatusMeansUnfreeze": {"accepts_missing_field"},
    "saas_v2-WindowOfAnHour": {"accepts_future_timestamp"},
    "saas_v2-CreatesOnce": {"fails_in_parallel"},
    "saas_v1-CreatesOnce": {"fails_in_parallel", "product_ignored"},
    # On a slow machine, its tenth of a second passes between any two calls.
    "KeepsOrdersInACache": {"two_answers_in_parallel", "new_instance_after_release"},
    "four_processes_without_a_database": {"refuses_correct_request"},
    "saas_v1-one_process_was_not_restarted": {"fails_under_load"},
    "saas_v1-LooksBeforeItInserts": {"product_ignored"},
    "saas_v1-DecodesAsLatin1": {"emoji_fails"},
    "saas_v1-DecodesTwice": {"undecoded_values"},
    "saas_v1-SignsKnownParametersOnly": {"address_with_query"},
    "behind_a_login": {"http_error_for_bad_request"},
    "wants_a_csrf_token": {"http_error_for_bad_request"},
    "SmallLettersOfTurkey": {"other_result_code"},
    "deadlocks_with_ten": {"wears_out"},
    "GetBytesInAscii": {"emoji_fails"},
    "PhpWithItsDefaults": {"unicode_escaped"},
    "SystemTextJson": {"html_escapes"},
    "TestRenewalsLookForReal": {"test_flag_acts"},
    "knows_no_utf8_without_a_hyphen": {"http_error_for_bad_request", "http_status"},
    "one_of_three_servers_is_down": {"http_error_for_bad_request"},
    "TimestampOf32Bits": {"other_result_code"},
    "ReadsTheTimeInBeijing": {"other_result_code", "refuses_correct_request"},
    "ConnectionsAreNotGivenBack": {"fails_under_load"},
    "TwoNodesWithOwnTables": {"new_instance_id_each_call", "business_id_as_key"},
    "saas_v1-SignsEncodedValues": {"blank_as_plus"},
    "saas_v1-FreezeDeletes": {"repeat_refused"},
    "saas_v2-UnfreezeAfterFreezeOnly": {"repeat_refused"},
    "saas_v2-bad_parameter_is_an_html_page": {"unsigned_error"},
    "saas_v2-right_body_with_500": {"http_error_for_bad_request"},
    "saas_v2-html_for_every_exception": {"http_error_for_bad_request"},
    "saas_v2-RepeatSaysAnotherCode": {"fails_in_parallel"},
    "saas_v1-RepeatSaysAnotherCode": {"fails_in_parallel", "product_ignored"},
    "saas_v2-ReleasesFrozenOnly": {"refuses_correct_request"},
    "saas_v2-AllowsAnyChange": {"released_still_answers"},
    "saas_v2-ComparesLengths": {"body_not_signed"},
    "saas_v2-FourProcessesWithOwnMemories": {"nonce_race"},
    "saas_v2-ChecksTheSignatureAndNothingElse": {"accepts_future_timestamp", "timestamp_not_required"},
    "saas_v2-WindowOfFiveMinutes": {"accepts_future_timestamp"},
    "saas_v2-WindowOf90Seconds": {"accepts_future_timestamp"},
    "key_file_with_newline": {"answer_key_changed"},
    "announced_and_then_refused": {"never_ready"},
    # In every version.
    "signs_known_names_only": {"address_with_query"},
    "refuses_unknown_names": {"address_with_query"},
    "reads_latin_1": {"emoji_fails"},
    "unknown_activities_are_fine": {"accepts_missing_field", "accepts_not_json", "activity_case"},
    "validates_nothing": {
        "enable_ignored",
        "accepts_bad_value",
        "accepts_not_json",
        "activity_case",
        "success_for_unknown_activity",
    },
    "BusinessIdIsTheKey": {"new_instance_id_each_call"},
    "UnknownInstanceIsFine": {"released_still_answers"},
    "ReleasesAfterARenewal": {"frozen_is_lost", "other_result_code", "refuses_correct_request"},
    "deleted_is_unknown": {"delete_needs_instance"},
    "notices_are_unique": {"fails_in_parallel"},
    "paths_of_the_other_generation": {"http_error_for_bad_request"},
    "ecb": {"iv_missing"},
    "raw_key_in_ecb": {"iv_missing"},
    # Hardly any call succeeds.
    "saas_v2-ReadsSeconds": REFUSED,
    "saas_v2-ClockFiveMinutesLate": REFUSED,
    "saas_v2-ReadsHoursTo12": REFUSED,
    "saas_v1-ReadsHoursTo12V1": REFUSED,
    "saas_v2-LowerCaseOnly": REFUSED,
    "saas_v2-InnerHashInUpperCase": REFUSED,
    "saas_v2-InnerHashWithoutKey": REFUSED,
    "saas_v2-VerifiesWithBlanks": REFUSED,
    "saas_v2-NoRefresh": MISSING,
    "saas_v1-NoRefresh": MISSING,
    "saas_v2-NoFreeze": MISSING,
    "saas_v1-NoFreeze": MISSING,
    "saas_v2-NoRelease": {*MISSING, "test_flag_refused"},
}
"""Other diagnoses that are true of a mutant, or follow from its mistake. Any further one would mislead its seller."""

WHOLE = (
    "saas_v2-NoTokenCheck",
    "saas_v2-NewInstanceEachCall",
    "saas_v2-header_with_a_small_s",
    "saas_v2-UnknownActivityIsFine",
    "saas_v2-TestCallsCreate",
    "saas_v2-unknown_instance_is_500",
    "saas_v2-UpgradeAfterRefreshOnly",
    "saas_v2-comma_in_id",
    "saas_v1-raw_key",
    "saas_v1-SignsKnownParametersOnly",
)
"""Mutants that are tested with every check, as a seller does."""


@pytest.fixture(autouse=True)
def _quiet():
    """Silence the sellers' log of refusals, thousands of lines."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def examine(mutant: Mutant, folder: Path, only: frozenset[str], *, at_once: int = 1) -> Report:
    """Run the checks one at a time by default: those that fail in parallel are repeated, see test_parallel."""
    restart = f"touch {shlex.quote(str(folder / mutant.restart))}" if mutant.restart else None
    with serving(
        mutant.build(folder), reads_once=mutant.reads_once, one_thread=mutant.one_thread, loop=mutant.loop
    ) as url:
        return run(
            Options(
                url=url,
                protocol=mutant.protocol,
                key=KEY,
                only=only,
                timeout=mutant.timeout,
                patience=mutant.patience,
                restart=restart,
                replay_after=mutant.replay_after,
                answer_within=mutant.answer_within,
                within=mutant.within,
                public_key=mutant.public_key,
                at_once=at_once,
            )
        )


def told(report: Report) -> list[str]:
    return [f"{r.check_id}: {r.diagnosis.name if r.diagnosis else r.verdict} ({r.seen.en})" for r in faulty(report)]


def faulty(report: Report):
    return [result for result in report.results if result.verdict in {Verdict.FAILED, Verdict.BROKEN, Verdict.WARNED}]


def groups_of(name: str) -> tuple[str, ...]:
    """Mutants found by the same groups of checks are a family: some of each run every time."""
    return tuple(sorted(MUTANTS[name].groups))


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_mistake_is_named(name, tmp_path):
    mutant = MUTANTS[name]
    report = examine(mutant, tmp_path, mutant.groups)
    assert report.exit_code == (0 if mutant.warned else 1), told(report)
    assert report.count(Verdict.BROKEN) == 0, told(report)
    assert mutant.diagnosis in report.diagnoses, told(report)
    also = ALSO.get(name, set()) | ALSO.get(name.partition("-")[2], set())
    assert report.diagnoses - {mutant.diagnosis} <= also, told(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_mistake_is_named_among_all_checks(name, tmp_path):
    report = examine(MUTANTS[name], tmp_path, frozenset(), at_once=16)
    assert report.exit_code == 1
    assert report.count(Verdict.BROKEN) == 0, told(report)
    assert MUTANTS[name].diagnosis in report.diagnoses, told(report)


def honest(answering: Answering, protocol: str) -> Report:
    with serving(answering) as url:
        return run(Options(url=url, protocol=protocol, key=KEY, replay_after=0))


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["saas_v2", "saas_v1"])
@pytest.mark.parametrize("kind", [Shop, SlowShop, OwnAccounts])
def test_honest_seller_passes(kind, protocol, tmp_path):
    report = honest(kind(tmp_path, registry.protocol(protocol)).respond, protocol)
    assert told(report) == []
    assert report.exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("wire", [SpelledV2(), SpelledV1()], ids=lambda wire: wire.name)
def test_checks_spelled_out_are_honest_too(wire: SellerProtocol, tmp_path):
    """The mutants of the signature differ from this in one line each."""
    assert told(honest(Shop(tmp_path, wire).respond, wire.name)) == []


def test_every_known_mistake_has_a_mutant():
    assert {mutant.diagnosis for mutant in MUTANTS.values()} == NAMES - uploads.DIAGNOSES.keys()  # see test_uploads


def test_there_are_at_least_100_mutants():
    assert len(MUTANTS) >= 100
