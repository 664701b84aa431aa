"""Do probes delay buyers' calls? 10,000 saved cases are in one slot while calls of orders continue.

10,000 sellers with an address and a saved case each, 200 calls per second for orders. In the second phase of each
repeat a slot is opened for all of them. Its probes then come at the rate of the busiest second of a two-hour slot.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bench.answer import Answer, Need, Runs, Say, Scale, percentile
from bench.places import folder, open_market, postgresql
from bench.programs import Program, ProgramFailed

from .latency import CALLS_PER_SECOND, forget, phase

if TYPE_CHECKING:
    from bench.rows import Shop

ACTIVITY = "updateInstanceStatus"
PROBES_A_SECOND = 10
"""In the busiest second of 10,000 cases over two hours (measured by ``tests/market/probes/test_rules.py``)."""
ALONE, PROBED = "p95, no probes", "p95, a slot of probes"


def measure(scale: Scale, say: Say) -> Answer:
    sellers, seconds = scale.of(10_000, 200), scale.of(8, 2)
    runs = Runs(say)
    with postgresql() as database, folder() as data, Program("bench.instant_seller", *scale.verify) as server:
        port, _hole = server.ready()
        open_market(data, database_url=database)
        from bench import rows

        say(f"a market with {sellers:,} sellers, each with a saved case")
        shop = rows.open_shop(lambda i: f"http://127.0.0.1:{port}/s/{i}", sellers=sellers, now=datetime.now(UTC))
        _save_cases(shop)
        for repeat in range(scale.repeats):
            late = phase(shop, f"A{repeat}", port, seconds=seconds, with_dead=False)
            runs.add("p50, no probes", percentile(late, 0.5), "ms")
            runs.add(ALONE, percentile(late, 0.95), "ms")
            late, probed = _with_probes(shop, f"P{repeat}", port, seconds=seconds)
            runs.add("p50, a slot of probes", percentile(late, 0.5), "ms")
            runs.add(PROBED, percentile(late, 0.95), "ms")
            runs.add("probes that passed meanwhile", probed, "")
    return _answer(runs, sellers)


def _save_cases(shop: Shop) -> None:
    """Save a case for each address, as debugging does."""
    from bench.rows import BATCH
    from tradepost.market.debugging.asked import form_of, initial_values
    from tradepost.market.debugging.models import DebugCase

    now = datetime.now(UTC)
    values = initial_values(form_of(shop.addresses[0], ACTIVITY), now=now)
    DebugCase.objects.bulk_create(
        [
            DebugCase(
                seller_id=address.seller_id, address=address, activity=ACTIVITY, kind="SetStatus", command={}, values=values,
                url=address.url, key_id=f"{address.seller_id:032x}", saved_at=now, saved_by="bench", tried_at=now,
            )
            for address in shop.addresses
        ],
        BATCH,
    )  # fmt: skip


def _with_probes(shop: Shop, tag: str, port: str, *, seconds: int) -> tuple[list[float], float]:
    """Return the lateness of the orders' calls, and the number of passed probes, while a tenth of the slot is being
    written."""
    from tradepost.market.probes.models import ProbeRun, ProbeSlot

    opening = _Opening(len(shop.addresses))
    opening.write(until=len(shop.addresses) * 9 // 10, pace=0)
    opening.begins_now()
    opener = threading.Thread(target=opening.go_on)
    try:
        late = phase(shop, tag, port, seconds=seconds, with_dead=False, meanwhile=opener.start)
        passed = ProbeRun.objects.filter(verdict="passed").count()
        if ProbeRun.objects.filter(verdict="failed").exists():
            raise ProgramFailed("probe failed")
    finally:
        opening.enough.set()
        if opener.ident is not None:
            opener.join()
        forget()
        ProbeRun.objects.all().delete()
        ProbeSlot.objects.all().delete()
    return late, float(passed)


class _Opening:
    """Opens a slot like the timer, one batch per transaction."""

    def __init__(self, cases: int) -> None:
        from django.utils import timezone

        from tradepost.market.base.config import config
        from tradepost.market.probes.models import ProbeSlot
        from tradepost.market.probes.timetable import Slot
        from tradepost.market.probes.watch import watch_of

        self.watch, self.now = watch_of(config(), timezone.get_default_timezone()), datetime.now(UTC)
        window = timedelta(seconds=cases / PROBES_A_SECOND)
        self.times = Slot(self.now.date(), "am", self.now, self.now + window)
        self.slot = ProbeSlot.objects.create(date=self.times.date, half="am", opened_at=self.now)
        self.cursor: int | None = 0
        self.enough = threading.Event()

    def write(self, *, until: int, pace: float) -> None:
        from django.db import transaction

        from tradepost.market.probes import opening
        from tradepost.market.probes.models import ProbeRun

        while self.cursor is not None and not self.enough.is_set() and ProbeRun.objects.count() < until:
            with transaction.atomic():
                self.cursor = opening.open_batch(self.slot, self.times, self.cursor, watch=self.watch, now=self.now)
            time.sleep(pace)

    def begins_now(self) -> None:
        """Move the written probes to the following moments."""
        from django.db.models import F

        from tradepost.market.production.models import Call

        late = datetime.now(UTC) - self.now
        Call.objects.filter(purpose=Call.Purpose.PROBE).update(
            due_at=F("due_at") + late, give_up_at=F("give_up_at") + late
        )

    def go_on(self) -> None:
        from django.db import connection

        from tradepost.market.probes import opening

        self.write(until=sys.maxsize, pace=opening.BATCH_PAUSE.total_seconds())
        connection.close()


def _answer(runs: Runs, sellers: int) -> Answer:
    moved = runs.ratio("the p95 without probes", PROBED, ALONE)
    return Answer(
        name="probes",
        title=f"From due to received: {CALLS_PER_SECOND} calls a second for orders, while {sellers:,} saved cases are in one slot",
        ratios=(moved,),
        figures=runs.figures(),
        needs=(Need(text="times the p95 without probes", reached=moved.value, bound=1.1, at_most=True),),
        notes=(
            f"{PROBES_A_SECOND} probes a second all the time: the busiest second of a slot of two hours.",
            "A tenth of the slot is still being written down meanwhile, by a process of its own.",
        ),
    )
