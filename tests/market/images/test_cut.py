"""A healthy image second is covered once or charged once (design money.md §6), and how time is cut and rounded (§4, §8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.images.cut import Covers, Piece, Ran, cut, full_hour, hours

NINE = datetime(2027, 3, 1, 9, tzinfo=ZoneInfo("UTC"))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(minutes: float) -> datetime:
    return NINE + minutes * MINUTE


def test_the_example_of_the_design() -> None:
    """Server 9:00–11:30, period image ends 10:20: covered 1.3333; .6667 + .5000."""
    pieces = cut(
        [Ran(from_at=at(0), to_at=at(150))], [Covers(image=7, from_at=at(-600), to_at=at(80))], since=None, until=at(180)
    )  # fmt: skip
    assert [(one.begin_at, one.end_at, one.image, one.quantity) for one in pieces] == [
        (at(0), at(60), 7, 10_000), (at(60), at(80), 7, 3_333), (at(80), at(120), None, 6_667), (at(120), at(150), None, 5_000),
    ]  # fmt: skip
    assert sum(one.quantity for one in pieces if one.image) == 13_333


@pytest.mark.parametrize(
    ("seconds", "quantity"),
    [(3600, 10_000), (1, 3), (0.18, 1), (0.17, 0), (0.5, 1), (1200, 3_333), (2400, 6_667), (90, 250), (0.54, 2)],
)
def test_lengths_are_rounded_half_up_to_four_places_of_an_hour(seconds: float, quantity: int) -> None:
    assert hours(timedelta(seconds=seconds)) == quantity


@given(st.integers(0, 4 * 3_600_000_000))
def test_rounding_agrees_with_decimal(micro: int) -> None:
    exact = Decimal(micro) / Decimal(3_600_000_000)
    assert hours(timedelta(microseconds=micro)) == exact.quantize(Decimal("0.0001"), ROUND_HALF_UP) * 10_000


def stretches(most: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Times that do not overlap, in seconds after nine."""
    edges = st.lists(st.integers(-7200, 36_000), max_size=most * 2, unique=True).map(sorted)
    return edges.map(lambda found: list(zip(found[::2], found[1::2], strict=False)))


@given(stretches(4), stretches(3), st.lists(st.integers(0, 10), max_size=4, unique=True).map(sorted))
def test_each_second_is_covered_once_or_charged_once(
    ran: list[tuple[int, int]], covers: list[tuple[int, int]], looks: list[int]
) -> None:
    """However often it is counted in between."""
    second = timedelta(seconds=1)
    healthy = [Ran(from_at=NINE + a * second, to_at=NINE + b * second) for a, b in ran]
    covering = [
        Covers(image=n, from_at=NINE + a * second, to_at=NINE + b * second) for n, (a, b) in enumerate(covers)
    ]  # fmt: skip
    until = NINE + 11 * HOUR
    pieces: list[Piece] = []
    since: datetime | None = None
    for look in [*(NINE + n * HOUR for n in looks), until]:
        pieces += cut(healthy, covering, since=since, until=look)
        since = look
    assert all(one.end_at <= other.begin_at for one, other in pairwise(sorted(pieces, key=lambda one: one.begin_at)))
    assert _seconds(pieces) == {n for a, b in ran for n in range(a, b)}
    covered = _seconds([one for one in pieces if one.image is not None])
    assert covered == {n for a, b in ran for n in range(a, b) if any(c <= n < d for c, d in covers)}
    assert all(full_hour(one.begin_at) + HOUR >= one.end_at for one in pieces)


def _seconds(pieces: list[Piece]) -> set[int]:
    found: set[int] = set()
    for one in pieces:
        begin, end = ((moment - NINE) // timedelta(seconds=1) for moment in (one.begin_at, one.end_at))
        assert not found & set(range(begin, end))
        found |= set(range(begin, end))
    return found
