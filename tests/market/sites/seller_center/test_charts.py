"""Charts use whole numbers for SVG: in proportion, inside the frame, and without division by zero."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.sites.seller_center.charts import HEIGHT, MIN_HEIGHT, WIDTH, bars


@given(st.lists(st.integers(min_value=0, max_value=10_000), max_size=60))
def test_bars_stay_inside_and_the_largest_fills_the_height(values):
    chart = bars([(position, value) for position, value in enumerate(values)])

    assert [bar.value for bar in chart.bars] == values
    for bar in chart.bars:
        assert 0 <= bar.x < bar.x + bar.width <= WIDTH
        assert bar.y + bar.height == HEIGHT
        assert MIN_HEIGHT <= bar.height <= HEIGHT
    if any(values):
        assert max(bar.height for bar in chart.bars) == HEIGHT
        assert chart.most == max(values)


def test_empty_data_draws_no_bars():
    assert bars([]).bars == ()
    assert [bar.height for bar in bars([("a", 0), ("b", 0)]).bars] == [MIN_HEIGHT, MIN_HEIGHT]
