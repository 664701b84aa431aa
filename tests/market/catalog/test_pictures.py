"""Sellers' drawings keep shapes and colours, and nothing that runs, loads or links."""

from __future__ import annotations

import pytest

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.pictures import LARGEST, clean_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'


def drawn(inside: str, attributes: str = "") -> str:
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
def test_only_shapes_pass(inside: str, kept: str) -> None:
    cleaned = clean_svg(f"{HEAD}{inside}</svg>")
    assert cleaned in {drawn(kept), drawn(kept).replace("></svg>", " />")}


def test_no_picture_stays_no_picture() -> None:
    assert clean_svg("  ") == ""


@pytest.mark.parametrize(
    "text",
    [
        "<html/>",
        "not xml <",
        '<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + HEAD + "<text>&a;</text></svg>",
        f"{HEAD}<text>{'x' * LARGEST}</text></svg>",
    ],
    ids=["html", "no xml", "entities", "too large"],
)
def test_what_is_no_drawing_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        clean_svg(text)
    assert (refused.value.code, refused.value.field) == ("product.picture", "picture")


def test_cleaning_again_changes_nothing() -> None:
    once = clean_svg(f'{HEAD}<g id="a"><rect fill="url(#b)"/></g></svg>')
    assert clean_svg(once) == once
