"""Words of searches: shelf.md §4 (Search), and what a person means who types nearly that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.catalog.search_terms import (
    LONGEST_QUERY,
    MOST_WORDS,
    Field,
    near_terms,
    query_words,
    terms,
    weighed,
)


@pytest.mark.parametrize(
    ("text", "found"),
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
def test_text_becomes_pairs_and_words(text: str, found: list[str]) -> None:
    """shelf.md §4: NFKC, casefold, CJK bigrams."""
    assert terms(text) == found


def test_a_name_is_found_by_characters_beginnings_and_letters() -> None:
    assert list(near_terms("客服")) == ["客", "服"]
    assert list(near_terms("客服", characters=False)) == []
    assert list(near_terms("CRM")) == ["c*", "cr*", "crm*"]
    assert [term for term in near_terms("docs") if term.startswith("~")] == ["~  d", "~ do", "~doc", "~ocs", "~cs "]
    assert "collabor*" not in near_terms("云")


def how_much(query: str, name: str) -> list[bool]:
    """Which words of a query a name has."""
    found = weighed([Field(name, 12, 5)])
    return [sum(n for term, n in word.points.items() if term in found) >= word.least for word in query_words(query)]


@pytest.mark.parametrize(
    ("query", "name", "fits"),
    [
        ("财务软件", "账房云财务", True),
        ("账务", "账房云财务", True),
        ("邮局企业", "青榭企业邮局", True),
        ("视屏会议", "会期视频会议", True),
        ("云文档", "云笺协作文档", True),
        ("房云", "账房云财务", True),
        ("客", "在线客服", True),
        ("协", "在线客服", False),
        ("财务软件", "会期视频会议", False),
        ("合同", "会期视频会议", False),
        ("colla", "Collaboration", True),
        ("colaboration", "Collaboration", True),
        ("meetngs", "Huiqi Meetings", True),
        ("meetigns", "Huiqi Meetings", True),
        ("space", "Whitespace", True),
        ("crm", "Kelai CRM", True),
        ("crn", "Kelai CRM", False),
        ("market", "Meetings", False),
        ("a", "Huiqi Meetings", False),
    ],
)
def test_small_errors_are_forgiven_and_other_words_are_not(query: str, name: str, fits: bool) -> None:
    assert how_much(query, name) == [fits]


def test_where_a_term_is_in_several_texts_the_heaviest_counts() -> None:
    found = weighed([Field("在线", 1), Field("在线", 12, 5), Field("线", 3)])
    assert (found["在线"], found["在"], found["线"]) == (12, 5, 5)


@given(st.text(max_size=300))
def test_any_text_is_a_bounded_query(text: str) -> None:
    words = query_words(text)
    assert len(words) <= MOST_WORDS
    for word in words:
        assert 1 <= word.least <= sum(word.points.values())
        assert len(word.points) <= 2 * LONGEST_QUERY
        assert all(len(term) <= 40 and "\0" not in term for term in word.points)


@given(st.text(max_size=200))
def test_whatever_is_indexed_is_found_by_itself(text: str) -> None:
    for word in query_words(text[:60]):
        found = weighed([Field(text, 12, 5)])
        assert sum(n for term, n in word.points.items() if term in found) >= word.least
        break
