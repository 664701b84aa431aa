"""Which refusals a page does not show by itself."""

from __future__ import annotations

import pytest

from tradepost.market.web.refusals import unseen


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
def test_a_refusal_within_closed_details_is_not_shown(html: str, shown: bool) -> None:
    assert unseen({"wrong": "Sold out."}, html) == ([] if shown else ["Sold out."])
