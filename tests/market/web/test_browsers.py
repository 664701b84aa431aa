"""A browser's short name, from its User-Agent header."""

from __future__ import annotations

import pytest

from tradepost.market.web import browsers


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 MicroMessenger/8.0", "WeChat · iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox · Linux"),
        ("curl/8.5.0", "curl/8.5.0"), ("", ""),
    ],
)  # fmt: skip
def test_browser_in_two_words(agent: str, words: str) -> None:
    assert browsers.browser_name(agent) == words
