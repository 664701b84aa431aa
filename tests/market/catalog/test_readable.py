"""What whoever reviews a version reads of it: the words of its texts, not their source (business-rules §2.4)."""

from __future__ import annotations

import pytest

from tradepost.market.base.values import replace
from tradepost.market.catalog import rich_text
from tradepost.market.catalog.document import Description, Document
from tradepost.market.catalog.readable import changed, section_lines
from tradepost.protocols.text import Text

pytestmark = [pytest.mark.django_db]

SAID = '<h3>主要能力</h3><ul><li>记账</li><li>见 <a href="https://docs.example/a?b=1&amp;c=2">说明</a></li></ul>'


def test_a_text_is_read_as_lines_with_the_targets_of_its_links() -> None:
    assert rich_text.readable(SAID) == "主要能力\n• 记账\n• 见 说明 (https://docs.example/a?b=1&c=2)"


def test_what_runs_is_not_hidden_from_the_reader_as_markup() -> None:
    assert rich_text.readable('<p onclick="x()">a</p><script>alert(1)</script>b') == "a\nb"
    assert rich_text.readable("1 &lt; 2 & 3 > 2") == "1 < 2 & 3 > 2"


def _changes(before: str, after: str) -> list[tuple[str, str]]:
    lines = [
        section_lines(_document(html), "description", currency="CNY") for html in (after, before)
    ]  # fmt: skip
    return [(was.value if was else "", line.value if line else "") for was, line in changed(*lines)]


def _document(html: str) -> Document:
    return replace(Document(product_type="saas"), description=Description(body=Text(zh=html, en="")))


def test_a_comparison_shows_the_words_that_changed() -> None:
    assert _changes("<p>旧</p>", "<p>新</p>") == [("旧", "新")]
    assert _changes(SAID, SAID) == []


def test_a_link_that_leads_elsewhere_is_seen() -> None:
    assert _changes('<a href="https://a.example/">x</a>', '<a href="https://b.example/">x</a>') == [
        ("x (https://a.example/)", "x (https://b.example/)")
    ]


def test_where_only_the_markup_changed_the_source_is_shown() -> None:
    assert _changes("<p>a</p>", "<h2>a</h2>") == [("<p>a</p>", "<h2>a</h2>")]
