"""Does garbage delay other pushes? Ten thousand sellers push usage; in every other block of a thousand pushes, every
hundredth is garbage.

The rate leaves the market a reserve: at its limit, which is measured first, any delay would cause a growing queue, and
on a shared machine the result would be meaningless. For the same reason PostgreSQL keeps its files in memory, while it
writes and waits as on a disk: pauses of a shared disk exceed the effect of garbage. A market that grows by a million
records is slower at the end, so blocks with and without garbage alternate and neither is always first. Garbage comes
from separate addresses, like each seller: bodies that are not JSON, unsigned, with a thousand invalid or unknown
records, or of nearly the maximum size.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from bench.answer import Answer, Need, Runs, Say, Scale, percentile
from bench.load import TimedAnswer, send, send_on_schedule
from bench.places import folder, open_market, postgresql
from bench.programs import ProgramFailed
from bench.usage_run import WEB_WORKERS, served

if TYPE_CHECKING:
    from bench.metered import Metered

SHARE = 0.4
"""Share of the market's maximum rate of pushes."""
RECORDS = 20
EVERY = 100
"""One of this many pushes is garbage."""
BLOCKS = 10
"""Blocks of each kind in a repeat."""
WARM = 1000
PACE = "pushes"
ALONE, BESIDE = "p95, no garbage", "p95, 1 % garbage"


def measure(scale: Scale, say: Say) -> Answer:
    sellers, count = scale.of(10_000, 60), scale.of(10_000, 60)
    runs = Runs(say)
    # A PostgreSQL server and its tables take longer than the whole quick run.
    with nullcontext("") if scale.quick else postgresql(in_memory=True) as database, folder() as data:
        open_market(data, database_url=database)
        from bench import metered

        say(f"a market with {sellers:,} sellers")
        market = metered.open_metered(sellers=sellers, services=1, now=datetime.now(UTC).replace(microsecond=0))
        # One process is enough for a quick run: each takes seconds of CPU time to start.
        with served(scale.of(WEB_WORKERS, 1)) as (port, _web):
            begin = scale.of(2 * WARM, 20)
            a_second = _pace(market, begin, port)
            runs.add(PACE, a_second, "a second")
            for _ in range(scale.repeats):
                told: dict[str, list[list[TimedAnswer]]] = {ALONE: [], BESIDE: []}
                for number in range(scale.of(BLOCKS, 1)):
                    for name in (ALONE, BESIDE) if number % 2 else (BESIDE, ALONE):
                        numbers = range(begin, begin + count // scale.of(BLOCKS, 1))
                        begin = numbers.stop
                        garbage = scale.of(EVERY, 12) if name == BESIDE else 0
                        told[name].append(_block(runs, _pushes(market, numbers, port, garbage), port, a_second))
                _add(runs, told)
        _check_no_garbage_stored()
    return _answer(runs, sellers)


def _check_no_garbage_stored() -> None:
    from tradepost.market.metering.models import Push, Record

    taken = Push.objects.filter(accepted=RECORDS).count() * RECORDS
    if Record.objects.count() != taken:
        raise ProgramFailed(f"{Record.objects.count()} records are there, and {taken} were sound")


type Sent = tuple[tuple[str, bytes], bool]
"""Source address, request, and whether it is garbage."""


def _pace(market: Metered, count: int, port: int) -> float:
    """Return pushes per second: the share of the warm market's rate."""
    numbers = range(count)
    taken = [
        send(port, [request for (_, request), _ in _pushes(market, half, port, 0)], must_hold=b'"MKT.0000"')[0]
        for half in (numbers[: count // 2], numbers[count // 2 :])
    ]
    return SHARE * taken[-1]


def _block(runs: Runs, sent: Sequence[Sent], port: int, a_second: float) -> list[TimedAnswer]:
    """Return the results of the pushes that are not garbage."""
    told = send_on_schedule(port, [request for request, _ in sent], a_second=a_second)
    sound = [one for one, (_, garbage) in zip(told, sent, strict=True) if not garbage]
    wrong = [one for one, (_, garbage) in zip(told, sent, strict=True) if garbage]
    _check_answers(sound, wrong)
    if wrong:
        runs.add("the slowest answer to garbage", max(one.milliseconds for one in wrong), "ms")
    return sound


def _add(runs: Runs, told: Mapping[str, Sequence[Sequence[TimedAnswer]]]) -> None:
    """Add the median of the blocks, which ignores a block that other load delayed."""
    for name, blocks in told.items():
        for share in (0.5, 0.95):
            found = [percentile([one.milliseconds for one in block], share) for block in blocks]
            runs.add(name.replace("p95", f"p{100 * share:.0f}"), median(found), "ms")


def _check_answers(sound: Sequence[TimedAnswer], wrong: Sequence[TimedAnswer]) -> None:
    for one in sound:
        if one.status != 200 or b'"MKT.0000"' not in one.body:
            raise ProgramFailed(f"a push was not taken: {one.status} {one.body[:300]!r}")
    for one in wrong:
        # A call with only invalid records is a success that names each of them (openapi-jointkit §C.5 rule 1).
        if one.status >= 500 or (b'"MKT.0000"' in one.body and b'"abnormal_usage_data"' not in one.body):
            raise ProgramFailed(f"garbage was answered with {one.status} {one.body[:300]!r}")


def _pushes(market: Metered, numbers: range, port: int, every: int) -> list[Sent]:
    from bench import metered

    now, chance = datetime.now(UTC).replace(microsecond=0), random.Random(numbers.start)  # noqa: S311  # the same garbage each time
    sound = metered.pushes(market, numbers, each=RECORDS, port=port, now=now, wall=datetime.now(UTC))
    sent: list[Sent] = []
    for number, request in zip(numbers, sound, strict=True):
        if every and number % every == every // 2:
            wrong = chance.choice(GARBAGE)(market, number, port)
            sent.append(((_address(2, number), wrong), True))
        else:
            sent.append(((_address(1, number), request), False))
    return sent


def _address(net: int, number: int) -> str:
    """Linux accepts all of 127.0.0.0/8 as source addresses."""
    return f"127.{net}.{number // 250 % 250 + 1}.{number % 250 + 1}"


# --- garbage ----------------------------------------------------------------------------------------------------------


def _records(market: Metered, number: int, count: int) -> list[dict[str, str]]:
    from bench import metered

    return metered.records(market, number % len(market.shop.sellers), 0, each=count, now=datetime.now(UTC))


def _signed(body: bytes, number: int, port: int, **how: str) -> bytes:
    from bench import metered

    return metered.signed_push(body, nonce=f"g-{number}", port=port, wall=datetime.now(UTC), **how)


def _invalid_json(_market: Metered, number: int, port: int) -> bytes:
    return _signed(b"[" * 60_000, number, port)


def _unsigned(market: Metered, number: int, port: int) -> bytes:
    from bench import metered

    body = metered.body_of(_records(market, number, 1000))
    return _signed(body, number, port, key="a key that nobody has")


def _all_invalid(market: Metered, number: int, port: int) -> bytes:
    from bench import metered

    return _signed(
        metered.body_of([record | {"usage_value": "-1"} for record in _records(market, number, 1000)]), number, port
    )


def _maximum_size(market: Metered, number: int, port: int) -> bytes:
    from bench import metered

    long = [record | {"more": "x" * 900} for record in _records(market, number, 900)]
    return _signed(metered.body_of(long), number, port, key="a key that nobody has")


def _unknown_instances(_market: Metered, number: int, port: int) -> bytes:
    from bench import metered

    listed = [{"instance_id": f"of-nobody-{n}", "usage_value": 1} for n in range(1000)]
    return _signed(metered.body_of(listed), number, port)


GARBAGE: Sequence[Callable[[Metered, int, int], bytes]] = (
    _invalid_json,
    _unsigned,
    _all_invalid,
    _maximum_size,
    _unknown_instances,
)


def _answer(runs: Runs, sellers: int) -> Answer:
    moved = runs.ratio("the p95 without garbage", BESIDE, ALONE)
    return Answer(
        name="usage-garbage",
        title=f"From due to answered: pushes of {RECORDS} records, of {sellers:,} sellers, one in {EVERY} garbage",
        ratios=(moved,),
        figures=runs.figures(),
        needs=(Need(text="times the p95 without garbage", reached=moved.value, bound=1.1, at_most=True),),
        notes=(
            "The p95 of each block of a thousand pushes, and of these the median.",
            f"As many a second as are {SHARE:.0%} of what the market took when they came without a pause.",
            f"{WEB_WORKERS} web workers, PostgreSQL with its files in memory; each push on a new connection from an address of its seller's.",
        ),
    )
