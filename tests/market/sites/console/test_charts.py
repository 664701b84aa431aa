"""Charts by hour: the tally's figures have a readable scale, without gaps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW
from tradepost.market.production.models import Tally
from tradepost.market.production.operator_queries import Hour, last_day
from tradepost.market.sites.console.charts import HEIGHT, WIDTH, hourly_chart, round_up


def test_segments_are_stacked_in_proportion() -> None:
    chart = hourly_chart([Hour(NOW, done=6, refused=2), Hour(NOW, fault=10), Hour(NOW)])
    assert chart.top == 10
    first, second, empty = chart.bars
    assert [(p.series, p.y, p.height) for p in first.pieces] == [("done", 40, 60), ("refused", 20, 20)]
    assert [(p.series, p.y, p.height) for p in second.pieces] == [("fault", 0, HEIGHT)]
    assert list(empty.pieces) == []
    assert [bar.x for bar in chart.bars] == [0, WIDTH / 3, 2 * WIDTH / 3]
    assert not chart.empty
    assert hourly_chart([Hour(NOW)]).empty
    assert hourly_chart([]).ticks == []


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (501, 1000)])
def test_scale_ends_at_a_round_number(value: int, top: int) -> None:
    assert round_up(value) == top


@pytest.mark.django_db
def test_last_day_adds_up_workers_and_omits_no_hour() -> None:
    hour = NOW.replace(minute=0)

    def tally(ago: int, worker: str, verdict: str, attempts: int, activity: str = "newInstance") -> None:
        Tally.objects.create(
            hour=hour - timedelta(hours=ago), worker=worker, activity=activity, verdict=verdict, attempts=attempts,
            seconds=attempts / 2, under_1s=attempts,
        )  # fmt: skip

    tally(0, "a", "done", 3)
    tally(0, "b", "done", 4)
    tally(0, "a", "000005", 2)
    tally(23, "a", "timeout", 1)
    tally(5, "a", "pending", 6, activity="queryInstance")
    tally(24, "a", "done", 100)

    day = last_day(NOW)
    assert [h.at for h in day.hours] == [hour - timedelta(hours=n) for n in reversed(range(24))]
    assert day.hours[-1] == Hour(hour, done=7, refused=2)
    assert day.hours[0] == Hour(hour - timedelta(hours=23), fault=1)
    assert day.hours[-6] == Hour(hour - timedelta(hours=5), pending=6)
    assert (day.attempts, day.milliseconds, day.under_1s) == (16, 500, 1)
    assert list(day.verdicts) == [("000005", 2), ("timeout", 1)]
    assert last_day(NOW, activities=["queryInstance"]).attempts == 6
    assert last_day(NOW + timedelta(days=3)).milliseconds is None
