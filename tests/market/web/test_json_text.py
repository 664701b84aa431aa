"""Bodies of messages: JSON formatted and raw, exactly as sent (issue 27, item 7)."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.web import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def render_code(text: str, language: str = "json") -> str:
    return Template("{% code text language %}").render(Context({"text": text, "language": language}))


def blocks(page: str) -> list[str]:
    """Return the text of each block as a browser shows and copies it."""
    code_blocks = re.findall(r"<code[^>]*>(.*?)</code>", page, re.DOTALL)
    return [html.unescape(block.replace("\r\n", "\n").replace("\r", "\n")) for block in code_blocks]


@given(VALUES)
def test_only_white_space_differs(value: object) -> None:
    text = json.dumps([value])
    indented = json_text.indent_json(text) or text
    assert json.loads(indented) == json.loads(text)
    assert json_text._TOKENS.findall(indented) == json_text._TOKENS.findall(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('{"a":1.00,"a":"\\u4e2d","b":[]}', ["{", '  "a": 1.00,', '  "a": "\\u4e2d",', '  "b": []', "}"]),
        ('[{"x":"}, {"}]', ["[", "  {", '    "x": "}, {"', "  }", "]"]),
        ('{"n":123456789012345678901234567890}', ["{", '  "n": 123456789012345678901234567890', "}"]),
    ],
)
def test_values_keep_their_spelling(text: str, lines: list[str]) -> None:
    """A parser would round numbers, drop the first of two equal names and decode escapes."""
    assert json_text.indent_json(text) == "\n".join(lines)


@pytest.mark.parametrize(
    "text", ["", "plain", '"text"', "12", "null", "{", '{"a":}', "{'a':1}", "[" * 5000 + "]" * 5000, "[]"]
)
def test_other_values_than_objects_and_lists_are_shown_raw_only(text: str) -> None:
    assert json_text.indent_json(text) == ""
    assert 'type="radio"' not in render_code(text)
    assert blocks(render_code(text)) == [text]


def test_small_body_makes_no_page_of_megabytes() -> None:
    assert json_text.indent_json("[" * 30 + "1," * 30_000 + "1" + "]" * 30) == ""


def test_raw_view_is_every_byte_and_formatted_view_comes_first() -> None:
    text = '{"a":\t"<b>&amp;</b>",\r\n"b":"x"}\r'
    page = render_code(text)
    pretty, raw = blocks(page)
    assert raw == text, "CR and tabs too"
    assert pretty == '{\n  "a": "<b>&amp;</b>",\n  "b": "x"\n}'
    assert page.count('type="radio"') == 2
    assert re.search(r'value="pretty"\s+checked', page)
    assert "<b>" not in page


def test_long_bodies_are_folded_and_short_ones_are_not() -> None:
    long = json.dumps({"items": list(range(3000))})
    assert render_code(long).count("<details") == 2
    assert "16.3" in render_code(long) or "KB" in render_code(long)
    assert blocks(render_code(long))[1] == long
    assert "<details" not in render_code('{"a":1}')
    assert "<details" not in render_code(long, "sh"), "a command is copied, not folded"
