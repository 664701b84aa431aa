"""The comparison of two markets in the benchmark of lists."""

from __future__ import annotations

from bench.answer import Scale
from bench.growing_lists import Read
from bench.questions.lists import compare


class Market:
    """A program of a benchmark that takes so many milliseconds for each number."""

    def __init__(self, *milliseconds: float) -> None:
        self.milliseconds, self.asked = milliseconds, 0

    def go(self, number: int, _runs: int) -> None:
        self.asked = number

    def done(self) -> list[str]:
        return [str(self.milliseconds[self.asked])] * 3


def _read(name: str, rows: int, size: int = 1000, milliseconds: float = 10, blocks: int = 100) -> Read:
    return Read(
        name=name, plain="/orders/", rows=rows, blocks=blocks, statements=4, size=size, milliseconds=milliseconds
    )


def _compared(small: tuple[float, ...], large: tuple[float, ...], before: list[Read], after: list[Read]):
    return compare([Market(*small), Market(*large)], [before, after], Scale(repeats=1), lambda _: None, title="T")  # type: ignore[list-item]  # as programs answer


def test_slower_list_and_one_that_reads_more_rows_are_reported() -> None:
    before = [_read("/orders/", 50), _read("/orders/?q=1", 50), _read("/orders/?gone=1", 50)]
    after = [_read("/orders/?q=1", 9000), _read("/orders/", 60, milliseconds=20)]
    answer = _compared((10, 10, 10), (10, 20), before, after)
    blocks, rows, time = answer.needs
    assert (blocks.reached, blocks.holds) == (1.0, True)
    assert (time.reached, time.holds) == (2.0, False)
    assert (rows.reached, rows.holds) == (180.0, False)
    assert [figure.name for figure in answer.figures] == ["GET /orders/", "GET /orders/?q=1"]
    assert "Longer: /orders/ 2.00 ×." in answer.notes
    assert "More rows: /orders/?q=1 180.00 ×." in answer.notes
    assert "Offered in one market alone, and not compared: 1." in answer.notes


def test_page_with_more_rows_is_compared_with_the_plain_list() -> None:
    before = [_read("/orders/", 500, 9000, 20), _read("/orders/?last=24h", 2, 2000, 5)]
    after = [_read("/orders/", 500, 9000, 20), _read("/orders/?last=24h", 500, 9000, 21)]
    answer = _compared((20, 5), (20, 21), before, after)
    assert [need.holds for need in answer.needs] == [True, True, True]


def test_blocks_are_compared_without_the_cost_of_deeper_indexes() -> None:
    before = [_read("/orders/", 50), _read("/orders/?q=1", 50)]
    after = [_read("/orders/", 50, blocks=650), _read("/orders/?q=1", 50, blocks=1250)]
    answer = _compared((10, 10), (10, 10), before, after)
    assert [need.holds for need in answer.needs] == [False, True, True]
    assert "More blocks: /orders/?q=1 12.00 ×." in answer.notes
