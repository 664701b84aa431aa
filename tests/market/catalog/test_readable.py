"""The readable form of a version for reviewers: the text without its markup (business-rules §2.4)."""

from __future__ import annotations

import pytest

from tradepost.market.base.values import replace
from tradepost.market.catalog import rich_text
from tradepost.market.catalog.document import Description, Document
from tradepost.market.catalog.readable import changed, section_lines
from tradepost.protocols.text import Text

pytestmark = [pytest.mark.django_db]

HTML = '<h3>主要能力</h3><ul><li>记账</li><li>见 <a href="https://docs.example/a?b=1&amp;c=2">说明</a></li></ul>'


def test_text_is_read_as_lines_with_link_targets() -> None:
    assert rich_text.readable(HTML) == "主要能力\n• 记账\n• 见 说明 (https://docs.example/a?b=1&c=2)"


def test_scripts_are_shown_to_the_reviewer() -> None:
    assert rich_text.readable('<p onclick="x()">a</p><script>alert(1)</script>b') == "a\nb"
    assert rich_text.readable("1 &lt; 2 & 3 > 2") == "1 < 2 & 3 > 2"


def _changes(before: str, after: str) -> list[tuple[str, str]]:
    lines = [
        section_lines(_document(html), "description", currency="CNY") for html in (after, before)
    ]  # fmt: skip
    return [(earlier.value if earlier else "", line.value if line else "") for earlier, line in changed(*lines)]


def _document(html: str) -> Document:
    return replace(Document(product_type="saas"), description=Description(body=Text(zh=html, en="")))


def test_comparison_shows_changed_words() -> None:
    assert _changes("<p>旧</p>", "<p>新</p>") == [("旧", "新")]
    assert _changes(HTML, HTML) == []


def test_changed_link_target_is_visible() -> None:
    assert _changes('<a href="https://a.example/">x</a>', '<a href="https://b.example/">x</a>') == [
        ("x (https://a.example/)", "x (https://b.example/)")
    ]


def test_source_is_shown_where_only_the_markup_changed() -> None:
    assert _changes("<p>a</p>", "<h2>a</h2>") == [("<p>a</p>", "<h2>a</h2>")]
