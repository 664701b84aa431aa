"""Days of a month and hours of a day in the market's zone, also at changes of daylight saving time."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tradepost.market.billing.spans import Grain, Span

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
LATER = datetime(2030, 1, 1, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("span", "parts", "earlier", "later"),
    [
        (Span.month_of(date(2026, 2, 17), SHANGHAI), 28, date(2026, 1, 1), date(2026, 3, 1)),
        (Span.month_of(date(2026, 12, 31), SHANGHAI), 31, date(2026, 11, 1), date(2027, 1, 1)),
        (Span.day_of(date(2026, 3, 1), SHANGHAI), 24, date(2026, 2, 28), date(2026, 3, 2)),
        (Span.day_of(date(2026, 3, 29), BERLIN), 23, date(2026, 3, 28), date(2026, 3, 30)),
        (Span.day_of(date(2026, 10, 25), BERLIN), 25, date(2026, 10, 24), date(2026, 10, 26)),
    ],
)
def test_span_has_parts_and_neighbours(span: Span, parts: int, earlier: date, later: date) -> None:
    assert len(span.parts(until=LATER)) == parts
    assert (span.before().first, span.after().first) == (earlier, later)
    assert {span.before().grain, span.after().grain} == {span.grain}
    assert span.before().end == span.begin
    assert span.after().begin == span.end


def test_future_parts_are_left_out() -> None:
    span = Span.month_of(date(2026, 3, 1), SHANGHAI)
    assert len(span.parts(until=datetime(2026, 3, 10, 0, 0, tzinfo=SHANGHAI))) == 10
    assert span.parts(until=datetime(2026, 2, 28, tzinfo=SHANGHAI)) == []
    assert span.grain == Grain.DAY
