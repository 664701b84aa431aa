"""The site of ``make docs``: each page is in a table of contents, and each link leads to a page of one of its two
halves (issue 29).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from scripts import build_docs

LANGUAGES = ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_is_listed_once(language: str) -> None:
    listed = re.findall(r"(?m)^[\w./-]+$", re.sub(r"(?m)^```.*$|^:.*$", "", build_docs.contents(language)))
    assert sorted(listed) == sorted(
        name.removesuffix(".md") for name in build_docs.pages(language) if name != "index.md"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_link_leads_to_a_page_of_the_site(language: str) -> None:
    other = {"en": "zh", "zh": "en"}[language]
    html = {f"{half}/{name.removesuffix('.md')}.html" for half in LANGUAGES for name in build_docs.pages(half)}
    for page, source in build_docs.pages(language).items():
        text = build_docs.translate_links((build_docs.DOCS / source).read_text(encoding="utf-8"), source, language)
        folder = Path(page).parent.as_posix()
        links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if not re.match(r"[a-z]+:", link)]
        assert [
            link for link in links if os.path.normpath(f"{folder}/{link}") not in build_docs.pages(language)
        ] == [], page
        across = [os.path.normpath(f"{language}/{folder}/{link}") for link in re.findall(r'<a href="([^"#]+)', text)]
        assert [link for link in across if link not in html or not link.startswith(f"{other}/")] == [], page


def test_link_to_the_source_code_becomes_plain_text() -> None:
    source = Path("how-to/sellers/dev.md")
    text = "[a](../../../README.md) [b](protocols.md#x) [c](../../reference/lifecycles.md) [d](https://example.com)"
    assert build_docs.translate_links(text, source, "en") == (
        "a [b](protocols.md#x) [c](../../reference/lifecycles.md) [d](https://example.com)"
    )
    assert build_docs.translate_links("[c](../../reference/lifecycles.md)", source.with_name("dev.zh-CN.md"), "zh") == (
        '<a href="../../../en/reference/lifecycles.html">c</a>'
    )
