"""Deduction of usage from packages: the checked examples of design money.md §4, and properties for any input (pure)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from tradepost.market.metering.deduct import Use, Window, counted_at, deduct
from tradepost.market.metering.packages import windows_of

HOUR = timedelta(hours=1)


def window(pk: int, begins: int, ends: int | None, left: int, *, package: int = 0, until: int | None = None) -> Window:
    """Times are in hours."""
    return Window(
        pk=pk, package=package or pk, starts_at=NOW + begins * HOUR, left=left,
        ends_at=None if ends is None else NOW + ends * HOUR, until=None if until is None else NOW + until * HOUR,
    )  # fmt: skip


def use(at: int, quantity: int, *, named: int | None = None) -> Use:
    return Use(at, NOW + at * HOUR, named, quantity)


def deducted(windows: list[Window], uses: list[Use]) -> dict[tuple[int, int], int]:
    """Return the deducted quantity by use and window."""
    return {(take.use, take.window): take.quantity for take in deduct(windows, uses)}


A, B = window(1, 0, 10, 10), window(2, 5, 20, 10)
R1, R2, X = window(1, 0, 30, 100), window(2, 30, 60, 100), window(3, 0, 45, 50)


@pytest.mark.parametrize(
    ("windows", "uses", "expected"),
    [
        # A[0,10)=10, B[5,20)=10; t6:10, late t2:10 → excess 0; in the order of arrival it would be 10
        ([A, B], [use(6, 10), use(2, 10)], {(2, 1): 10, (6, 2): 10}),
        # R1[0,30)=100, R2[30,60)=100, X[0,45)=50; t5:30, t20:90, t31:120 → R1 30+70, X 20+30, R2 90, left 10
        (
            [R1, R2, X], [use(5, 30), use(20, 90), use(31, 120)],
            {(5, 1): 30, (20, 1): 70, (20, 3): 20, (31, 3): 30, (31, 2): 90},
        ),
        ([A], [use(9, 4), use(10, 4)], {(9, 1): 4}),
        ([A], [use(3, 25)], {(3, 1): 10}),
        ([window(1, 0, 10, 10, until=4)], [use(3, 1), use(4, 1)], {(3, 1): 1}),
        ([window(1, 0, None, 10), window(2, 0, 10, 3)], [use(1, 5)], {(1, 2): 3, (1, 1): 2}),
        ([window(2, 0, 10, 5), window(1, 0, 10, 5)], [use(1, 6)], {(1, 1): 5, (1, 2): 1}),
        # A named package that stops when used up is the only one used (openapi-jointkit §C.5).
        ([A, B], [use(6, 15, named=2)], {(6, 2): 10}),
        ([A], [use(1, -4)], {}),
    ],
)  # fmt: skip
def test_examples_of_the_design(windows: list[Window], uses: list[Use], expected: dict[tuple[int, int], int]) -> None:
    assert deducted(windows, uses) == expected
    assert deducted(windows[::-1], uses[::-1]) == expected


WINDOWS = st.lists(
    st.builds(
        lambda begins, lasts, left: (begins, lasts, left), st.integers(0, 20), st.integers(1, 20), st.integers(1, 50)
    ),
    max_size=4,
)
USES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40), st.sampled_from([None, 1, 2])), max_size=12)


@given(WINDOWS, USES, st.randoms(use_true_random=False))
def test_deductions_respect_times_and_limits_in_any_order(
    drawn: list[tuple[int, int, int]], used: list[tuple[int, int, int | None]], random: object
) -> None:
    windows = [window(n, begins, begins + lasts, left) for n, (begins, lasts, left) in enumerate(drawn, 1)]
    uses = [Use(n, NOW + at * HOUR, named, quantity) for n, (at, quantity, named) in enumerate(used)]
    takes = deduct(windows, uses)
    by_pk, by_key = {window.pk: window for window in windows}, {use.key: use for use in uses}
    for take in takes:
        assert by_pk[take.window].covers(by_key[take.use].at)
        assert by_key[take.use].named in {None, by_pk[take.window].package}
    for each_window in windows:
        assert sum(take.quantity for take in takes if take.window == each_window.pk) <= each_window.left
    for each_use in uses:
        assert sum(take.quantity for take in takes if take.use == each_use.key) <= each_use.quantity
    random.shuffle(windows)  # type: ignore[attr-defined]  # hypothesis gives a Random
    random.shuffle(uses)  # type: ignore[attr-defined]
    assert set(deduct(windows, uses)) == set(takes)


def test_usage_counts_at_its_hour_or_the_last_quota_boundary() -> None:
    """§2: hours, cut where a quota begins or ends."""
    begin, month = NOW.replace(hour=8, minute=40), NOW.replace(day=1, hour=0, minute=0)
    hour = begin.replace(minute=0)
    boundary = begin.replace(minute=30)
    assert counted_at(begin, month, []) == hour
    assert counted_at(begin, month, [boundary, begin + HOUR, hour - HOUR]) == boundary
    assert counted_at(begin, boundary, []) == boundary


def test_resets_are_counted_from_the_start_of_the_package() -> None:
    """§8: reset anchored at package start; by the calendar of the market's zone (business-rules §3.2)."""
    since = NOW.replace(month=1, day=31, hour=4, minute=0)
    until = since.replace(month=4, day=30)
    starts = [(begins.month, begins.day) for begins, _ends in windows_of(since, until, "month")]
    assert starts == [(1, 31), (2, 28), (3, 31)]
    assert [ends for _begins, ends in windows_of(since, until, "month")][-1] == until
    assert list(windows_of(since, until, "")) == [(since, until)]
    assert list(windows_of(since, None, "")) == [(since, None)]
