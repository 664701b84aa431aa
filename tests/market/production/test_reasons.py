"""Every verdict has words in both languages: what happened and what to do."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.market.production.catalogues import chinese
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.work import State
from tradepost.market.production import reasons, trials
from tradepost.market.production.reasons import explain
from tradepost.protocols.commands import Create, Fault, Query
from tradepost.protocols.registry import protocols

CODES = [(p.name, code) for p in protocols().values() for code in p.result_codes]
VERDICTS = ["", "done", "pending", *(fault.value for fault in Fault)]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_fault_has_words_in_both_languages(verdict):
    with translation.override("en"):
        reason = explain(verdict, "what came")
    translated = chinese()

    assert reason.seen == "what came"
    for text in (reason.title, reason.what_happened, reason.what_to_do):
        assert text
        assert translated.get(text), f"no Chinese for {text!r}"


def test_no_two_faults_share_their_words():
    with translation.override("en"):
        titles = [explain(fault.value).title for fault in Fault]
        happened = [explain(fault.value).what_happened for fault in Fault]

    assert len(set(titles)) == len(Fault)
    assert len(set(happened)) == len(Fault)


@pytest.mark.parametrize(("protocol", "code"), CODES)
def test_every_result_code_has_a_meaning_in_the_readers_language(protocol, code):
    """saas-v2 §4, and the tables of every other protocol."""
    result_code = protocols()[protocol].result_codes[code]

    with translation.override("en"):
        english = explain(code, protocol=protocol)
    with translation.override("zh-hans"):
        zh = explain(code, protocol=protocol)

    assert (english.title, zh.title) == (f"{code} {result_code.meaning.en}", f"{code} {result_code.meaning.zh}")
    assert chinese().get(english.what_to_do), f"no Chinese for {english.what_to_do!r}"


def test_unknown_code_gets_general_words():
    with translation.override("en"):
        reason = explain("999999", "boom")

    assert reason.title == "999999: code unknown"
    assert "000005" in reason.what_to_do
    assert reason.seen == "boom"


def test_filters_offer_every_fault_and_every_refusing_code():
    assert [value for value, _ in reasons.faults()] == [fault.value for fault in Fault]
    offered = [code for code, _ in reasons.codes()]
    assert "000001" in offered
    assert not {"000000", "000004"} & set(offered)


NOTICE, SYNCHRONOUS, ASYNCHRONOUS = "store the order line", "do slow work in the background", "return 000004 at once"
TIMEOUTS = {
    "saas_v2": ASYNCHRONOUS, "license_online": ASYNCHRONOUS, "saas_v1": SYNCHRONOUS, "license_v1": SYNCHRONOUS,
    "license_code": SYNCHRONOUS, "joint_kit_v1": SYNCHRONOUS, "joint_kit_v2": SYNCHRONOUS, "order_notice": NOTICE,
}  # fmt: skip
"""saas-v2 §4 and saas-v1-license B3: newInstance may answer 000004. A2.2: "the V1 page defines no asynchronous provisioning"."""


def test_table_of_timeouts_names_every_protocol():
    assert set(TIMEOUTS) == set(protocols())


@pytest.mark.parametrize("protocol", TIMEOUTS)
@pytest.mark.parametrize("verdict", ["timeout", "pending", "missing_field", "000004"])
def test_advice_fits_the_protocol(protocol, verdict):
    """saas-v1-license D1: a notification is answered with resultCode and resultMsg; nothing is created."""
    with translation.override("en"):
        advice = explain(verdict, protocol=protocol).what_to_do
    creates = {word for kind, word in protocols()[protocol].activities.items() if kind is Create}
    queries = {word for kind, word in protocols()[protocol].activities.items() if kind is Query}
    assert chinese().get(advice), f"no Chinese for {advice!r}"
    assert ("newInstance needs" in advice) is (verdict == "missing_field" and bool(creates and queries))
    assert "creates the instance" not in advice or TIMEOUTS[protocol] is ASYNCHRONOUS
    if verdict == "timeout":
        assert [text for text in (NOTICE, SYNCHRONOUS, ASYNCHRONOUS) if text in advice] == [TIMEOUTS[protocol]]
    if protocol == "order_notice" and verdict in {"pending", "000004"}:
        assert (
            "Answer 000000 once the order line is stored. A notification has no result to wait for; 000004 only causes it to be sent again"
            in advice
        )
    if protocol == "order_notice" and verdict == "missing_field":
        assert "all that a notification needs" in advice


def test_test_call_gets_the_advice_of_its_protocol():
    """saas-v1-license D1, for the test of an address (``trials``)."""
    job = LeasedJob(state=State.ENDED, result={"said": "no_answer", "fault": "timeout"})
    with translation.override("en"):
        for protocol, words in TIMEOUTS.items():
            assert words in trials.describe(job, protocol=protocol).text
