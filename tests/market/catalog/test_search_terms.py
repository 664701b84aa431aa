"""Search terms: shelf.md §4 (Search), and tolerance for small typing errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.catalog.search_query import MAX_QUERY_LENGTH, MAX_WORDS, Synonyms, key, keys, query_words
from tradepost.market.catalog.search_terms import (
    MAX_TERM_LENGTH,
    Field,
    near_terms,
    phrase,
    pinyin_terms,
    similar_terms,
    term_weights,
    terms,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("在线客服CRM", ["在线", "线客", "客服", "crm"]),
        ("云", ["云"]),
        ("ＣＲＭ　２．０", ["crm", "2", "0"]),
        ("云笺,协作-文档", ["云笺", "协作", "文档"]),
        ("Straße e-Sign", ["strasse", "e", "sign"]),
        ("カタカナ 한국어", ["カタ", "タカ", "カナ", "한국", "국어"]),
        ("%_*~ \x00", []),
    ],
)
def test_text_is_split_into_pairs_and_words(text: str, expected: list[str]) -> None:
    """shelf.md §4: NFKC, casefold, CJK bigrams."""
    assert terms(text) == expected


def test_name_is_found_by_characters_prefixes_and_letters() -> None:
    assert list(near_terms("客服")) == ["客", "服"]
    assert list(near_terms("客服", characters=False)) == []
    assert list(near_terms("CRM")) == ["c*", "cr*", "crm*"]
    assert "collabor*" not in near_terms("云")


def test_name_is_found_by_typing_errors_and_pinyin() -> None:
    assert set(similar_terms("会议")) == {"@hui'yi", "@kuai'yi"}
    assert {"@hui", "@huiy", "@huiyi", "@yi", "^hy"} <= set(pinyin_terms("会议"))
    assert "@h" not in set(pinyin_terms("会议"))
    assert set(similar_terms("meetings")) == {"~meeting", "~meting", "~meeing", "~meetng", "~meetig", "~meetin"}
    assert list(similar_terms("crm")) == list(similar_terms("云")) == list(pinyin_terms("crm")) == []


GROUPS: Synonyms = {
    "开票": ("发票", "invoice"), "发票": ("开票", "invoice"), "账务": ("财务",), "源码": ("source code",), "会议": ("meeting",),
    "source code": ("源码",),
}  # fmt: skip


def match_levels(query: str, name: str, synonyms: Synonyms | None = None) -> list[str]:
    """Return for each word of the query how the name matches it: exact, near or no."""
    weights = term_weights([Field(name, 12, 5, sounds=True)])

    def met(exact: bool) -> list[bool]:
        return [
            any(sum(n for term, n in option.points.items() if term in weights) >= option.least
                for option in word.options if option.exact or not exact)
            for word in query_words(query, synonyms)
        ]  # fmt: skip

    return ["exact" if yes else "near" if nearly else "no" for yes, nearly in zip(met(True), met(False), strict=True)]


@pytest.mark.parametrize(
    ("query", "name", "fits"),
    [
        ("财务软件", "账房云财务", "exact"),  # half of the products are software
        ("账务", "账房云财务", "no"),  # a synonym, see below
        ("邮局企业", "青榭企业邮局", "near"),
        ("视屏会议", "会期视频会议", "near"),
        ("云文档", "云笺协作文档", "near"),
        ("房云", "账房云财务", "exact"),
        ("客", "在线客服", "exact"),
        ("协", "在线客服", "no"),
        ("财务软件", "会期视频会议", "no"),
        ("合同", "会期视频会议", "no"),
        # same sound, swapped characters, traditional characters, other widths
        ("会仪", "会期视频会议", "near"),
        ("回忆", "会期视频会议", "near"),
        ("议会", "会期视频会议", "near"),
        ("青谢", "青榭企业邮局", "near"),
        ("會議", "会期视频会议", "exact"),
        ("視訊會議", "会期视频会议", "near"),
        ("ＨＵＩＱＩ", "Huiqi Meetings", "exact"),
        ("快记", "会计云", "near"),
        ("人事", "发票查验助手", "no"),
        ("人事", "个人事务所", "exact"),
        ("人事", "事务所个人版", "no"),
        # pinyin: whole, prefix, initials
        ("huiyi", "会期视频会议", "near"),
        ("shipinhui", "会期视频会议", "near"),
        ("shipinhuiyishi", "视频会议室预订", "near"),
        ("sphy", "会期视频会议", "near"),
        ("hyi", "会期视频会议", "no"),
        # letters
        ("colla", "Collaboration", "exact"),
        ("colaboration", "Collaboration", "near"),
        ("meetngs", "Huiqi Meetings", "near"),
        ("meetigns", "Huiqi Meetings", "near"),
        ("meeting", "Huiqi Meetings", "exact"),
        ("meetings", "Meeting Room", "exact"),
        ("companies", "Company Books", "exact"),
        ("boxes", "Box", "exact"),
        ("meeting", "Heting Log Audit", "no"),
        ("eting", "Heting Log Audit", "no"),
        ("ting", "Heting Log Audit", "no"),
        ("hetting", "Heting Log Audit", "near"),
        ("space", "Whitespace", "no"),
        ("white", "Whitespace", "exact"),
        ("crm", "Kelai CRM", "exact"),
        ("crn", "Kelai CRM", "no"),
        ("market", "Meetings", "no"),
        ("a", "Huiqi Meetings", "no"),
        ("12345678", "12345679", "no"),
    ],
)
def test_small_errors_match_and_other_words_do_not(query: str, name: str, fits: str) -> None:
    assert match_levels(query, name) == [fits]


@pytest.mark.parametrize(
    ("query", "name", "fits"),
    [
        ("账务", "账房云财务", ["exact"]),
        ("开票", "账房发票查验", ["exact"]),
        ("开票软件", "账房发票查验", ["exact"]),
        ("我要开票", "Invoices", ["exact"]),
        ("開票", "账房发票查验", ["exact"]),
        ("源码", "Hosting of source code", ["exact"]),
        ("源码", "Source of truth", ["no"]),
        ("Source Codes", "源码托管", ["exact"]),
        ("code source", "源码托管", ["no", "no"]),
        ("视屏会议", "会期视频会议", ["near", "exact"]),
        ("电子开票", "账房发票查验", ["no", "exact"]),
    ],
)
def test_synonyms_match_like_the_word(query: str, name: str, fits: list[str]) -> None:
    assert match_levels(query, name, GROUPS) == fits


def test_synonyms_are_found_in_words_and_parts_of_chinese_text() -> None:
    assert key("Source Codes") == "source code"
    assert key("ＣＲＭ 系統") == "crm 系统"
    assert {"电子", "电子开票", "开票", "source code", "code"} <= keys("电子开票 Source codes")
    assert keys("%_\0") == set()


@pytest.mark.parametrize(
    ("text", "term"), [("Heting Log Audit", "=hetinglogaudit"), ("%", ""), ("x" * 99, "=" + "x" * 39)]
)
def test_whole_text_is_one_term(text: str, term: str) -> None:
    assert phrase(text) == term


def test_heaviest_text_of_a_term_counts() -> None:
    weights = term_weights([Field("在线", 1), Field("在线", 12, 5), Field("线", 3)])
    assert (weights["在线"], weights["在"], weights["线"]) == (12, 5, 5)


@given(st.text(max_size=300))
def test_any_text_is_a_bounded_query(text: str) -> None:
    words = query_words(text)
    assert len(words) <= MAX_WORDS
    for word in words:
        for option in word.options:
            assert 1 <= option.least <= sum(option.points.values()) or not option.exact
            assert len(option.points) <= 2 * MAX_QUERY_LENGTH
        assert all(len(term) <= MAX_TERM_LENGTH and "\0" not in term for term in word.terms)


@given(st.text(max_size=200))
def test_any_indexed_text_finds_itself(text: str) -> None:
    assert all(
        len(term) <= MAX_TERM_LENGTH and "\0" not in term for term in term_weights([Field(text, 12, 5, sounds=True)])
    )
    assert "no" not in match_levels(text[:60], text)[:1]
