"""Sellers' SVG pictures keep shapes and colours, but no scripts, external resources or links."""

from __future__ import annotations

import pytest

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.pictures import MAX_LENGTH, clean_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'


def svg_with(inside: str, attributes: str = "") -> str:
    return f'<svg viewBox="0 0 9 9"{attributes} xmlns="http://www.w3.org/2000/svg">{inside}</svg>'


@pytest.mark.parametrize(
    ("inside", "kept"),
    [
        ('<rect width="9" height="9" fill="#0d5c8f"/>', '<rect width="9" height="9" fill="#0d5c8f" />'),
        ("<g><script>alert(1)</script></g>", "<g />"),
        ('<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">x</body></foreignObject>', ""),
        ("<style>@import url(//x.example)</style>", ""),
        ('<image href="https://x.example/pixel.png"/>', ""),
        ('<a href="https://x.example"><rect/></a>', ""),
        ('<rect onload="alert(1)" style="fill:url(//x.example)"/>', "<rect />"),
        ('<rect fill="url(https://x.example/a.svg#b)"/>', "<rect />"),
        ('<rect fill="url(#shade)"/>', '<rect fill="url(#shade)" />'),
        ('<use href="https://x.example/a.svg#b"/>', "<use />"),
        ('<use href="#leaf"/>', '<use href="#leaf" />'),
        ('<animate attributeName="href" to="javascript:alert(1)"/><set/>', ""),
        ('<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>', ""),
        ("<text>a &amp; &lt;b&gt;</text>", "<text>a &amp; &lt;b&gt;</text>"),
    ],
)
def test_only_shapes_are_kept(inside: str, kept: str) -> None:
    cleaned = clean_svg(f"{HEAD}{inside}</svg>")
    assert cleaned in {svg_with(kept), svg_with(kept).replace("></svg>", " />")}


def test_missing_picture_stays_missing() -> None:
    assert clean_svg("  ") == ""


@pytest.mark.parametrize(
    "text",
    [
        "<html/>",
        "not xml <",
        '<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + HEAD + "<text>&a;</text></svg>",
        f"{HEAD}<text>{'x' * MAX_LENGTH}</text></svg>",
    ],
    ids=["html", "no xml", "entities", "too large"],
)
def test_other_content_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        clean_svg(text)
    assert (refusal.value.code, refusal.value.field) == ("product.picture", "picture")


def test_cleaning_twice_changes_nothing() -> None:
    cleaned = clean_svg(f'{HEAD}<g id="a"><rect fill="url(#b)"/></g></svg>')
    assert clean_svg(cleaned) == cleaned
