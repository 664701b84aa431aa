"""How much longer does each list take in a market of a million orders, in every way that its page offers?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec

from bench.answer import Answer, Figure, Need, Say, Scale
from bench.growing_lists import Read
from bench.places import folder, postgresql
from bench.programs import Program
from bench.questions import growth
from bench.questions.growth import LIMIT, NOISE, SUSPECT, Samples

FEW_ROWS = 3000
"""Permitted difference in rows between the two markets: page counts, and rows with related rows (as in
`test_every_statement`)."""
FEW_BLOCKS = 500
"""Permitted difference in blocks of 8 KiB, in addition to one per row: an index of a hundred times as many rows is one
level deeper. PostgreSQL reads as many in half a millisecond."""
FULL, USUAL = 1_000_000, 100_000
"""Orders of the large market: at full size, and by default. The default takes about ten minutes on two cores."""
LONGER = 1.1
"""A page with this size ratio shows more rows, so its time is compared with the full page of the same list in the small
market."""


def measure(scale: Scale, say: Say) -> Answer:
    small, large = 10_000, scale.orders or scale.of(USUAL, 12_000)
    now = datetime.now(UTC).isoformat()
    with postgresql() as server, folder() as data, ExitStack() as open_markets:
        with growth.fast_loading(server):
            markets: list[Program] = []
            for orders in (small, large):
                arguments = (scale.of(1000, 100), now, scale.only)
                market = growth.start_market(server, data, orders, *arguments, module="bench.growing_lists")
                markets.append(open_markets.enter_context(market))
            files = [market.ready(within=growth.PATIENCE)[0] for market in markets]
        say("both markets are filled")
        reads = [msgspec.json.decode(Path(file).read_bytes(), type=list[Read]) for file in files]
        return compare(markets, reads, scale, say, title=_title(small, large), full=large >= FULL and not scale.only)


def compare(
    markets: Sequence[Program],
    reads: Sequence[Sequence[Read]],
    scale: Scale,
    say: Say,
    *,
    title: str,
    full: bool = False,
) -> Answer:
    """Measure the ways that both markets offer. ``reads``: database reads of the small and the large market."""
    numbers = [{read.name: number for number, read in enumerate(each)} for each in reads]
    by_name = [{read.name: read for read in each} for each in reads]
    names = [name for name in numbers[0] if name in numbers[1]]

    def ask(which: int, number: int, runs: int) -> list[float]:
        markets[which].go(numbers[which][names[number]], runs)
        return [float(one) for one in markets[which].done()]

    first = {
        number: ([[small.milliseconds]], [[large.milliseconds]])
        for number, (small, large) in enumerate((by_name[0][name], by_name[1][name]) for name in names)
    }
    suspects = {number for number, samples in first.items() if growth.ratio_of(samples) > SUSPECT}
    again = {} if scale.quick else growth.measure_again(ask, suspects, say)
    found = {name: again.get(number, first[number]) for number, name in enumerate(names)}
    return replace(_answer(found, by_name[0], by_name[1], title), full=full)


def _title(small: int, large: int) -> str:
    return (
        f"Every list in every way that it offers, in a market of {large:,} orders and in one of {small:,}: PostgreSQL"
    )


def _answer(found: Mapping[str, Samples], small: Mapping[str, Read], large: Mapping[str, Read], title: str) -> Answer:
    figures, times, rows, blocks = [], dict[str, float](), dict[str, float](), dict[str, float]()
    for name, samples in found.items():
        before, after = small[name], large[name]
        plain = small.get(before.plain, before) if _is_longer(before, after) else before
        times[name] = _time_ratio(found, before, after)
        rows[name] = _ratio(max(before.rows, plain.rows), after.rows, FEW_ROWS)
        blocks[name] = _blocks_ratio(max(before.blocks, plain.blocks), after)
        unit = f"× ({_median(samples, 0):.1f} → {_median(samples, 1):.1f} ms; {before.rows:,.0f} → {after.rows:,.0f} rows; {before.blocks:,} → {after.blocks:,} blocks; {before.statements} → {after.statements} statements)"
        figures.append(Figure(name=f"GET {name}", unit=unit, runs=(times[name],)))
    lists = len({small[name].plain for name in found})
    return Answer(
        name="lists",
        title=title,
        ratios=(),
        figures=tuple(figures),
        needs=(
            Need(text=f"times as many blocks read at most, beside one a row, of {len(found)} ways of {lists} lists", reached=max(blocks.values()), bound=LIMIT, at_most=True),
            Need(text="times as many rows read at most", reached=max(rows.values()), bound=LIMIT, at_most=True),
            Need(text="times as long at most", reached=max(times.values()), bound=LIMIT, at_most=True),
        ),
        notes=(
            _missed_text("More blocks", blocks),
            _missed_text("More rows", rows),
            _missed_text("Longer", times),
            f"Medians; a difference of less than {NOISE} ms, {FEW_ROWS:,} rows or {FEW_BLOCKS} blocks of 8 KiB counts as none, nor does a block for each row: indexes are a level deeper. Blocks and rows are the same on a busy machine.",
            "The ways are read from the pages: each option of each filter, each search with seven terms, days, tabs, sorting, the next page.",
            "Where the page of the large market shows more rows, it is compared with the plain list of the small market, if that reads more.",
            f"Offered in one market alone, and not compared: {len(small.keys() ^ large.keys())}.",
        ),
    )  # fmt: skip


def _time_ratio(samples: Mapping[str, Samples], before: Read, after: Read) -> float:
    small, large = samples[before.name]
    if _is_longer(before, after) and before.plain in samples:
        small = max(small, samples[before.plain][0], key=lambda turns: median(run for runs in turns for run in runs))
    return growth.ratio_of((small, large))


def _blocks_ratio(before: int, after: Read) -> float:
    deeper = min(max(after.blocks - before, 0), after.rows)
    return _ratio(before, after.blocks - deeper, FEW_BLOCKS)


def _ratio(before: float, after: float, few: int) -> float:
    ratio = after / max(before, 1)
    return ratio if after - before > few else min(ratio, 1.0)


def _is_longer(before: Read, after: Read) -> bool:
    return after.size > LONGER * before.size


def _median(samples: Samples, which: int) -> float:
    return median(run for runs in samples[which] for run in runs)


def _missed_text(words: str, ratios: Mapping[str, float]) -> str:
    missed = sorted(((ratio, name) for name, ratio in ratios.items() if ratio > LIMIT), reverse=True)
    return f"{words}: {'; '.join(f'{name} {ratio:.2f} ×' for ratio, name in missed) or 'none'}."
