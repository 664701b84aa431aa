"""Every verdict has words: what happened and what to do, in both languages."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.market.production.catalogues import chinese
from tradepost.market.production import reasons
from tradepost.market.production.reasons import explain
from tradepost.protocols.commands import Fault
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
def test_every_result_code_says_what_it_means_in_the_readers_language(protocol, code):
    """saas-v2 §4, and the tables of every other protocol."""
    known = protocols()[protocol].result_codes[code]

    with translation.override("en"):
        english = explain(code, protocol=protocol)
    with translation.override("zh-hans"):
        zh = explain(code, protocol=protocol)

    assert (english.title, zh.title) == (f"{code} {known.meaning.en}", f"{code} {known.meaning.zh}")
    assert chinese().get(english.what_to_do), f"no Chinese for {english.what_to_do!r}"


def test_a_code_that_no_protocol_has_gets_general_words():
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
