"""Does garbage move the others? Ten thousand sellers push usage; in every other block of a thousand pushes every hundredth is garbage.

They come as often as leaves the market a reserve: at its limit, which is looked for first, whatever takes time at all makes a queue
that grows, and on a machine that others use too nothing could be told. For the same reason PostgreSQL has its files in memory, and
writes and waits for them as on a disk: a disk that others use too pauses for longer than any garbage takes. A market that grows by a
million records answers later at its end than at its beginning: so blocks with and without garbage take turns, and neither always
comes first.
Garbage comes from addresses of its own, as does each seller: bodies that are no JSON, that nobody signed, of a thousand records that
are all wrong or of nobody, of nearly as many bytes as a push may have.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from bench.answer import Answer, Need, Runs, Say, Scale, percentile
from bench.load import Told, send, send_paced
from bench.places import folder, open_market, postgresql
from bench.programs import ProgramFailed
from bench.usage_run import WEB_WORKERS, served

if TYPE_CHECKING:
    from bench.metered import Metered

SHARE = 0.4
"""Of the pushes that the market takes in a second when they come as soon as it has a place for them."""
RECORDS = 20
EVERY = 100
"""Of so many pushes one is garbage."""
BLOCKS = 10
"""Of each kind in a repeat."""
WARM = 1000
PACE = "pushes"
ALONE, BESIDE = "p95, no garbage", "p95, 1 % garbage"


def measure(scale: Scale, say: Say) -> Answer:
    sellers, count = scale.of(10_000, 60), scale.of(10_000, 60)
    runs = Runs(say)
    # A server of PostgreSQL and its tables take longer than all that a quick run proves.
    with nullcontext("") if scale.quick else postgresql(in_memory=True) as database, folder() as data:
        open_market(data, database_url=database)
        from bench import metered

        say(f"a market with {sellers:,} sellers")
        market = metered.open_metered(sellers=sellers, services=1, now=datetime.now(UTC).replace(microsecond=0))
        # To see that it works one process is enough: each takes seconds of processor to begin.
        with served(scale.of(WEB_WORKERS, 1)) as (port, _web):
            begin = scale.of(2 * WARM, 20)
            a_second = _pace(market, begin, port)
            runs.add(PACE, a_second, "a second")
            for _ in range(scale.repeats):
                told: dict[str, list[list[Told]]] = {ALONE: [], BESIDE: []}
                for number in range(scale.of(BLOCKS, 1)):
                    for name in (ALONE, BESIDE) if number % 2 else (BESIDE, ALONE):
                        numbers = range(begin, begin + count // scale.of(BLOCKS, 1))
                        begin = numbers.stop
                        garbage = scale.of(EVERY, 12) if name == BESIDE else 0
                        told[name].append(_block(runs, _pushes(market, numbers, port, garbage), port, a_second))
                _add(runs, told)
        _nothing_of_garbage_is_there()
    return _answer(runs, sellers)


def _nothing_of_garbage_is_there() -> None:
    from tradepost.market.metering.models import Push, Record

    taken = Push.objects.filter(accepted=RECORDS).count() * RECORDS
    if Record.objects.count() != taken:
        raise ProgramFailed(f"{Record.objects.count()} records are there, and {taken} were sound")


type Sent = tuple[tuple[str, bytes], bool]
"""From which address, what, and whether it is garbage."""


def _pace(market: Metered, count: int, port: int) -> float:
    """Pushes a second: the share of what it takes, once it is warm."""
    numbers = range(count)
    taken = [
        send(port, [request for (_, request), _ in _pushes(market, half, port, 0)], must_hold=b'"MKT.0000"')[0]
        for half in (numbers[: count // 2], numbers[count // 2 :])
    ]
    return SHARE * taken[-1]


def _block(runs: Runs, sent: Sequence[Sent], port: int, a_second: float) -> list[Told]:
    """What became of its pushes that are no garbage."""
    told = send_paced(port, [request for request, _ in sent], a_second=a_second)
    sound = [one for one, (_, garbage) in zip(told, sent, strict=True) if not garbage]
    wrong = [one for one, (_, garbage) in zip(told, sent, strict=True) if garbage]
    _must_be_right(sound, wrong)
    if wrong:
        runs.add("the slowest answer to garbage", max(one.milliseconds for one in wrong), "ms")
    return sound


def _add(runs: Runs, told: Mapping[str, Sequence[Sequence[Told]]]) -> None:
    """The median of the blocks: one in which the machine was held up by something else is no answer."""
    for name, blocks in told.items():
        for share in (0.5, 0.95):
            found = [percentile([one.milliseconds for one in block], share) for block in blocks]
            runs.add(name.replace("p95", f"p{100 * share:.0f}"), median(found), "ms")


def _must_be_right(sound: Sequence[Told], wrong: Sequence[Told]) -> None:
    for one in sound:
        if one.status != 200 or b'"MKT.0000"' not in one.body:
            raise ProgramFailed(f"a push was not taken: {one.status} {one.body[:300]!r}")
    for one in wrong:
        # A call whose records are all wrong is a success that names each of them (openapi-jointkit §C.5 rule 1).
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
    """Linux lets us come from all of 127.0.0.0/8."""
    return f"127.{net}.{number // 250 % 250 + 1}.{number % 250 + 1}"


# --- garbage ----------------------------------------------------------------------------------------------------------


def _records(market: Metered, number: int, count: int) -> list[dict[str, str]]:
    from bench import metered

    return metered.records(market, number % len(market.shop.sellers), 0, each=count, now=datetime.now(UTC))


def _signed(body: bytes, number: int, port: int, **how: str) -> bytes:
    from bench import metered

    return metered.signed(body, nonce=f"g-{number}", port=port, wall=datetime.now(UTC), **how)


def _no_json(_market: Metered, number: int, port: int) -> bytes:
    return _signed(b"[" * 60_000, number, port)


def _unsigned(market: Metered, number: int, port: int) -> bytes:
    from bench import metered

    body = metered.body_of(_records(market, number, 1000))
    return _signed(body, number, port, key="a key that nobody has")


def _all_wrong(market: Metered, number: int, port: int) -> bytes:
    from bench import metered

    return _signed(
        metered.body_of([one | {"usage_value": "-1"} for one in _records(market, number, 1000)]), number, port
    )


def _largest(market: Metered, number: int, port: int) -> bytes:
    from bench import metered

    long = [one | {"more": "x" * 900} for one in _records(market, number, 900)]
    return _signed(metered.body_of(long), number, port, key="a key that nobody has")


def _of_nobody(_market: Metered, number: int, port: int) -> bytes:
    from bench import metered

    listed = [{"instance_id": f"of-nobody-{n}", "usage_value": 1} for n in range(1000)]
    return _signed(metered.body_of(listed), number, port)


GARBAGE: Sequence[Callable[[Metered, int, int], bytes]] = (_no_json, _unsigned, _all_wrong, _largest, _of_nobody)


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
