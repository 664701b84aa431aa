"""Each healthy second of an image is covered once or charged once (design money.md §6); cutting and rounding of time (§4, §8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.images.cut import CoveredTime, HealthyTime, Piece, cut, full_hour, hours

NINE = datetime(2027, 3, 1, 9, tzinfo=ZoneInfo("UTC"))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(minutes: float) -> datetime:
    return NINE + minutes * MINUTE


def test_example_of_the_design() -> None:
    """Server 9:00–11:30, period image ends 10:20: covered 1.3333; .6667 + .5000."""
    pieces = cut(
        [HealthyTime(from_at=at(0), to_at=at(150))], [CoveredTime(image=7, from_at=at(-600), to_at=at(80))], since=None, until=at(180)
    )  # fmt: skip
    assert [(piece.begin_at, piece.end_at, piece.image, piece.quantity) for piece in pieces] == [
        (at(0), at(60), 7, 10_000), (at(60), at(80), 7, 3_333), (at(80), at(120), None, 6_667), (at(120), at(150), None, 5_000),
    ]  # fmt: skip
    assert sum(piece.quantity for piece in pieces if piece.image) == 13_333


@pytest.mark.parametrize(
    ("seconds", "quantity"),
    [(3600, 10_000), (1, 3), (0.18, 1), (0.17, 0), (0.5, 1), (1200, 3_333), (2400, 6_667), (90, 250), (0.54, 2)],
)
def test_durations_are_rounded_half_up_to_four_places_of_an_hour(seconds: float, quantity: int) -> None:
    assert hours(timedelta(seconds=seconds)) == quantity


@given(st.integers(0, 4 * 3_600_000_000))
def test_rounding_agrees_with_decimal(micro: int) -> None:
    exact = Decimal(micro) / Decimal(3_600_000_000)
    assert hours(timedelta(microseconds=micro)) == exact.quantize(Decimal("0.0001"), ROUND_HALF_UP) * 10_000


def disjoint_intervals(max_count: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Return intervals that do not overlap, in seconds after nine."""
    edges = st.lists(st.integers(-7200, 36_000), max_size=max_count * 2, unique=True).map(sorted)
    return edges.map(lambda sorted_edges: list(zip(sorted_edges[::2], sorted_edges[1::2], strict=False)))


@given(disjoint_intervals(4), disjoint_intervals(3), st.lists(st.integers(0, 10), max_size=4, unique=True).map(sorted))
def test_each_second_is_covered_once_or_charged_once(
    run_intervals: list[tuple[int, int]], cover_intervals: list[tuple[int, int]], count_hours: list[int]
) -> None:
    """Holds for any number of intermediate counts."""
    second = timedelta(seconds=1)
    healthy = [HealthyTime(from_at=NINE + a * second, to_at=NINE + b * second) for a, b in run_intervals]
    covering = [
        CoveredTime(image=n, from_at=NINE + a * second, to_at=NINE + b * second) for n, (a, b) in enumerate(cover_intervals)
    ]  # fmt: skip
    until = NINE + 11 * HOUR
    pieces: list[Piece] = []
    since: datetime | None = None
    for count_at in [*(NINE + n * HOUR for n in count_hours), until]:
        pieces += cut(healthy, covering, since=since, until=count_at)
        since = count_at
    in_order = sorted(pieces, key=lambda piece: piece.begin_at)
    assert all(earlier.end_at <= later.begin_at for earlier, later in pairwise(in_order))
    assert _seconds(pieces) == {n for a, b in run_intervals for n in range(a, b)}
    covered = _seconds([piece for piece in pieces if piece.image is not None])
    assert covered == {n for a, b in run_intervals for n in range(a, b) if any(c <= n < d for c, d in cover_intervals)}
    assert all(full_hour(piece.begin_at) + HOUR >= piece.end_at for piece in pieces)


def _seconds(pieces: list[Piece]) -> set[int]:
    seconds: set[int] = set()
    for piece in pieces:
        begin, end = ((moment - NINE) // timedelta(seconds=1) for moment in (piece.begin_at, piece.end_at))
        assert not seconds & set(range(begin, end))
        seconds |= set(range(begin, end))
    return seconds
