"""Refusals that a page does not show by itself."""

from __future__ import annotations

import pytest

from tradepost.market.web.refusals import undisplayed_refusals


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>Sold out.</p>", True),
        ("<p>Another text.</p>", False),
        ("<details open><p>Sold out.</p></details>", True),
        ('<details class="x" open><p>Sold out.</p></details>', True),
        ("<details><p>Sold out.</p></details>", False),
        ('<details class="open"><summary>More</summary>\n<p>Sold out.</p></details>', False),
        ("<details><p>Sold out.</p></details><p>Sold out.</p>", True),
    ],
)
def test_refusal_within_closed_details_counts_as_hidden(html: str, shown: bool) -> None:
    assert undisplayed_refusals({"wrong": "Sold out."}, html) == ([] if shown else ["Sold out."])
