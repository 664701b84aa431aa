"""A storm over metering: web and worker are killed with SIGKILL at random moments while sellers push, void and are
billed; afterwards the billed usage is compared with the sent usage.

Sellers send with the kit's outbox to a market that ``tradepost up`` keeps running. One record in twenty is late: it
arrives when the collections of its time are long closed. One in twenty is voided. The clock advances all the while, so
that collections close and are charged between and during the kills.

``python -m tests.chaos.usage_storm --records 20000 --kills 3 [--postgres]`` prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests import waiting
from tests.chaos.killing import Killer, up

if TYPE_CHECKING:
    from tradepost.kit.usage import UsageOutbox

KEY = "a base key of the storm, long enough"
ZONE = ZoneInfo("Asia/Shanghai")
MAX_DURATION = 1200.0
WINDOW = timedelta(seconds=10)
OPEN_FOR = timedelta(days=19)
"""The rest of the 21 days after which records are refused is reserved for the clock, which advances by a day at most
until the last record is sent.
"""
LATE = VOIDED = 20
"""One record in this many."""
SELLERS, SERVICES = 2, 5


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as its seller knows it."""

    record_id: str
    instance: str
    begins_at: datetime
    value: Decimal


def sent_by(seller: int, records: int, began: datetime, chance: random.Random) -> list[Sent]:
    apart = (
        OPEN_FOR // (records // SERVICES + 1) // WINDOW * WINDOW
    )  # over the whole time, and so mostly over two months
    return [
        Sent(
            f"{seller}-{n}", f"i-{seller}-{n % SERVICES}", began + n // SERVICES * apart,
            Decimal(chance.randrange(1, 20_000_000)) / 10_000,
        )
        for n in range(records)
    ]  # fmt: skip


# --- the market -------------------------------------------------------------------------------------------------------


def market(began: datetime) -> None:
    """Create services with all kinds of prices, whose buyers can pay any amount."""
    from tests.factories import make_buyer, make_seller
    from tests.factories.metering import make_metered

    for number in range(SELLERS):
        seller, buyer = make_seller(signing_key=KEY, now=began), make_buyer(balance="100000000", now=began)
        for n in range(SERVICES):
            make_metered(
                price=prices()[n % len(prices())], seller=seller, buyer=buyer, instance_id=f"i-{number}-{n}", started_at=began
            )  # fmt: skip


BANDS = ((100, "0.10"), (1000, "0.08"), (None, "0.05"))


def prices() -> Sequence[Any]:
    """Prices per unit, by the month's tier, and by each record's tier."""
    from tests.factories.metering import on_demand
    from tradepost.market.catalog.document import UsageBand
    from tradepost.market.catalog.price_models import PriceModel

    bands = tuple(UsageBand(upto=Decimal(upto) if upto else None, amount=Decimal(each)) for upto, each in BANDS)
    return (
        on_demand(amount=Decimal("0.0025")),
        on_demand(model=PriceModel.TIER, accumulation="month", amount=None, bands=bands),
        on_demand(model=PriceModel.TIER, amount=None, bands=bands),
    )


def price_of(instance: str, quantities: Sequence[Decimal]) -> Decimal:
    """Compute the price of a month again, from the bands only."""
    kind = int(instance.rsplit("-", 1)[1]) % 3
    if kind == 0:
        return sum(quantities, Decimal(0)) * Decimal("0.0025")
    parts = quantities if kind == 2 else [sum(quantities, Decimal(0))]
    return sum(
        (each * next(Decimal(p) for upto, p in BANDS if upto is None or each <= upto) for each in parts), Decimal(0)
    )


# --- the storm --------------------------------------------------------------------------------------------------------


class Voiding(threading.Thread):
    """Void accepted records, as sellers do who counted wrongly, until enough are voided."""

    def __init__(self, number: int, chance: random.Random) -> None:
        super().__init__(name="voiding")
        self.number, self._chance, self.over = number, chance, threading.Event()
        self.done: set[str] = set()

    def run(self) -> None:
        from django.db import connection

        while len(self.done) < self.number and not self.over.is_set():
            self._some()
            time.sleep(0.02)  # its pace
        connection.close()

    def _some(self) -> None:
        from django.db import OperationalError

        from tradepost.market.base import clock
        from tradepost.market.base.errors import Refused
        from tradepost.market.metering.models import Record
        from tradepost.market.metering.void import void

        last = Record.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        drawn = [self._chance.randint(1, last) for _ in range(20)] if last else []
        for record in Record.objects.filter(pk__in=drawn, sign=1, voided=False)[: self.number - len(self.done)]:
            with suppress(OperationalError, Refused):  # SQLite is busy, or the record is voided already: leave it
                void(
                    record, reason="counted twice", actor="storm", within=timedelta(days=21), zone=ZONE, now=clock.now()
                )
                self.done.add(record.sn)


def storm(*, records: int, kills: int, folder: Path, seed: int) -> dict[str, Any]:
    import django

    django.setup()
    from tests.migrated import migrate_here

    migrate_here()
    from tradepost.cli.serve import free_port
    from tradepost.kit.client import MarketClient
    from tradepost.kit.usage import UsageOutbox

    chance = random.Random(seed)
    began = datetime.now(UTC).replace(microsecond=0) - OPEN_FOR
    market(began)
    port = free_port()
    client = MarketClient(f"http://127.0.0.1:{port}", "not asked for", "not asked for", base_key=KEY, timeout=60)
    sent = [sent_by(seller, records // SELLERS, began, chance) for seller in range(SELLERS)]
    boxes = [UsageOutbox(folder / f"outbox-{n}.sqlite3", client.push_usage, batch=500) for n in range(SELLERS)]
    voiding = Voiding(records // VOIDED, random.Random(seed + 1))
    with up(port, folder / "up.log") as process, push_continuously(boxes):
        killer = Killer(process, chance)
        voiding.start()
        try:
            _in_parts(boxes, sent, kills, killer, chance)
            _until(lambda: not any(box.waiting() for box in boxes), "everything is pushed")
            voiding.join(MAX_DURATION)
        finally:
            voiding.over.set()
        _until_charged(all_of_it=True)
    return {"killed": dict(killer.killed), "kills": sum(killer.killed.values()),
            **_count([one for each in sent for one in each], boxes)}  # fmt: skip


@contextmanager
def push_continuously(boxes: Sequence[UsageOutbox]) -> Iterator[None]:
    """Push from each seller's server until the end of the block."""
    stop = threading.Event()
    threads = [
        threading.Thread(
            target=box.run, args=(stop,), kwargs={"every": timedelta(seconds=0.05), "clock": lambda: datetime.now(UTC)}
        )
        for box in boxes
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(waiting.TIMEOUT)


def _in_parts(
    boxes: Sequence[UsageOutbox], sent: Sequence[Sequence[Sent]], kills: int, killer: Killer, chance: random.Random
) -> None:  # fmt: skip
    """Send usage in parts, and kill a process during each part, after some of it was accepted: otherwise a slow market
    would be killed before its first response. Late records come with the last part."""
    prompt = [[one for n, one in enumerate(each) if n % LATE] for each in sent]
    late = [[one for n, one in enumerate(each) if not n % LATE] for each in sent]
    for part in range(kills):
        for box, mine in zip(boxes, prompt, strict=True):
            _put(box, mine[len(mine) * part // kills : len(mine) * (part + 1) // kills])
        if part == kills - 1:
            _until(lambda: not any(box.waiting() for box in boxes), "all but the late is pushed")
            _until_charged(all_of_it=False)
            for box, mine in zip(boxes, late, strict=True):
                _put(box, mine)
        there = _waiting(boxes)
        _until(lambda there=there: _waiting(boxes) < max(there, 1), "some of it is pushed")  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.5))  # the random moment
        killer.kill()
        if part % max(kills // 6, 1) == 0:
            _advance_an_hour()


def _waiting(boxes: Sequence[UsageOutbox]) -> int:
    return sum(box.waiting() for box in boxes)


def _put(box: UsageOutbox, mine: Sequence[Sent]) -> None:
    """Add each record as ``add`` does, but in one transaction: a million commits of the seller are not under test."""
    from tradepost.kit.usage import UsageRecord, _insert

    now = datetime.now(UTC).replace(microsecond=0)
    with box._transaction() as connection:
        for one in mine:
            _insert(
                connection,
                UsageRecord(
                    record_id=one.record_id, instance_id=one.instance, begins_at=one.begins_at, ends_at=one.begins_at + WINDOW,
                    recorded_at=now, value=one.value,
                ),
            )  # fmt: skip


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + MAX_DURATION
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


def _advance_an_hour() -> None:
    """Advance the market by an hour: collections close a quarter past."""
    from tradepost.market.base import clock

    clock.set_target(timedelta(hours=1))


def _until_charged(*, all_of_it: bool) -> None:
    """Wait until the accepted usage is collected and charged: the current one, or with ``all_of_it`` until nothing
    waits.

    The clock advances only while something waits to be collected. Voids make something wait all the time, and late
    records would soon be older than 21 days.
    """
    from tradepost.market.base import clock
    from tradepost.market.base.models import Event, Job

    _advance_an_hour()
    now_there = _last_record()

    def done() -> bool:
        if clock.target() is not None or Job.objects.filter(kind="billing.charge").exists():
            return False
        if not all_of_it:
            return _collected() >= now_there
        return not Event.objects.exists() and _collected() == _last_record()

    deadline = time.monotonic() + MAX_DURATION
    while not done():
        assert time.monotonic() < deadline, "not charged in time"
        if clock.target() is None and _collected() < (_last_record() if all_of_it else now_there):
            _advance_an_hour()
        time.sleep(0.1)


def _last_record() -> int:
    from tradepost.market.metering.models import Record

    return Record.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _collected() -> int:
    from tradepost.market.metering.models import Collection

    return Collection.objects.order_by("-upto_id").values_list("upto_id", flat=True).first() or 0


# --- the count --------------------------------------------------------------------------------------------------------


def _count(sent: Sequence[Sent], boxes: Sequence[UsageOutbox]) -> dict[str, Any]:
    from django.db.models import Sum

    from tradepost.market.billing import queries
    from tradepost.market.billing.models import Accumulation, Charge
    from tradepost.market.metering.models import Collection, Push, Record, Void
    from tradepost.market.payments import ledger
    from tradepost.market.subscriptions.models import Subscription

    voided = set(Void.objects.values_list("record__sn", flat=True))
    must: defaultdict[tuple[str, datetime], list[Decimal]] = defaultdict(list)
    for one in sent:
        month = one.begins_at.astimezone(ZONE).replace(day=1, hour=0, minute=0, second=0)
        must[one.instance, month.astimezone(UTC)] += [] if one.record_id in voided else [one.value]
    names = dict(Subscription.objects.values_list("pk", "instance_id"))
    held = {(names[a.meter_id], a.start): a for a in Accumulation.objects.all()}
    charged = dict(Charge.objects.values_list("accumulation").annotate(total=Sum("minor")))
    wrong = []
    for place, values in must.items():
        minor = int((100 * price_of(place[0], values)).quantize(Decimal(1), ROUND_HALF_UP))
        quantity = int(10_000 * sum(values, Decimal(0)))
        found = held.get(place)
        told = (found.quantity, found.charged_minor, charged[found.pk]) if found else None
        if told != (quantity, minor, minor):
            wrong.append(f"{place[0]} {place[1]}: {told} instead of {quantity}, {minor}")
    numbers = Record.objects.filter(sign=1).values_list("sn", flat=True)
    return {
        "sent": len(sent), "records": numbers.count(), "known": len(set(numbers) & {one.record_id for one in sent}),
        "voided": len(voided), "taken_back": Record.objects.filter(sign=-1).count(),
        "refused": sum(len(box.refused()) for box in boxes), "wrong": wrong, "accumulations": len(held),
        "repeated": Push.objects.aggregate(n=Sum("repeated"))["n"], "collections": Collection.objects.count(),
        "charges": Charge.objects.count(), "problems": [*ledger.verify().problems, *queries.problems()],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    from tests import machine, postgres

    with tempfile.TemporaryDirectory(prefix="tradepost-usage-storm-", ignore_cleanup_errors=True) as name:
        cluster = None
        if options.postgres:
            binaries = machine.find_postgres()
            assert binaries is not None, "no PostgreSQL here"
            cluster = postgres.start(binaries, synchronous_commit="on", full_page_writes="on")
        for known in [n for n in os.environ if n.startswith("TRADEPOST_")] + ["DATABASE_URL", "PORT"]:
            os.environ.pop(known, None)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
            "TRADEPOST_DATA": name,
            "TRADEPOST_SANDBOX": "true",
            "TRADEPOST_DATABASE_URL": cluster.url if cluster else "",
            "TRADEPOST_LOG_LEVEL": "ERROR",
            "TRADEPOST_SECRET_KEY": "a key that only the storm uses, long enough",
        }
        try:
            found = storm(records=options.records, kills=options.kills, folder=Path(name), seed=options.seed)
        except BaseException:
            sys.stderr.write((Path(name) / "up.log").read_text()[-3000:])
            raise
        finally:
            if cluster:
                cluster.stop()
    sys.stdout.write(json.dumps({"seed": options.seed, **found}) + "\n")


if __name__ == "__main__":
    main()
