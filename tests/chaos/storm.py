"""A storm over a whole market: workers are killed with SIGKILL at random moments while orders are paid, the database
crashes and restarts, and afterwards everything that must exist exactly once is counted.

``python -m tests.chaos.storm --kills 100 --workers 2 --orders 200 [--postgres]`` prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests import waiting

ROOT = Path(__file__).resolve().parents[2]
KEY = "a key of the storm, long enough"
MAX_DURATION = 600.0
CALL_TIMEOUT = 5.0
"""Seconds in which a new worker starts a call, also on a busy machine."""


class Nursery:
    """A nursery process and the id of its running worker."""

    def __init__(self, name: str, *options: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery", name, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._next()

    def _next(self) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the nursery ended"
        return int(line)

    def kill(self) -> None:
        with suppress(ProcessLookupError):  # it died before the kill: the nursery has the next one
            os.kill(self.pid, signal.SIGKILL)
        self.pid = self._next()

    def close(self) -> None:
        self.process.kill()
        self.process.wait(waiting.TIMEOUT)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def sample_seller(folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "examples/sample_seller"), "--port", "0", "--key", KEY, "--data", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line:
            return process, "http://" + line.split("http://")[1].split()[0].rstrip("/.,").split("/")[0] + "/produce"
    raise RuntimeError("the sample seller did not start")


class Buyers(threading.Thread):
    """Place and pay orders during the storm. Only orders whose payment was acknowledged are remembered."""

    def __init__(self, orders: int, pace: float) -> None:
        super().__init__(name="buyers")
        from tests.factories import make_buyer
        from tradepost.market.catalog.models import Offer

        self.orders, self.pace = orders, pace
        self.acknowledged: list[str] = []
        # Created before the first crash.
        self.buyer = make_buyer(balance="10000000")
        self.offer = Offer.objects.select_related("sku__spec__product").get()

    def run(self) -> None:
        from django.db import connection

        from tradepost.market.base import clock
        from tradepost.market.base.work import DatabaseUnavailable
        from tradepost.market.orders.pay import pay_order
        from tradepost.market.orders.place import PlaceOrder, place_order

        command = PlaceOrder(product_id=self.offer.product_id, periods=1, agreed=True)
        while len(self.acknowledged) < self.orders:
            try:
                order = place_order(self.buyer, command, now=clock.now(), unpaid_timeout=timedelta(days=1))
                pay_order(order, now=clock.now())
                self.acknowledged.append(order.number)
            except DatabaseUnavailable:
                connection.close()
            time.sleep(self.pace)  # the pace of buyers, not a wait for a condition
        connection.close()


def storm(*, kills: int, workers: int, orders: int, cluster: Any, folder: Path, seed: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.db import connection

    from tests.migrated import migrate_here

    migrate_here()
    from tests.factories import make_address, make_product, make_seller

    chance = random.Random(seed)
    seller_process, address = sample_seller(folder / "seller")
    seller = make_seller(signing_key=KEY)
    make_product(seller, address=make_address(seller, url=address))
    nurseries = [Nursery(f"storm-{n}") for n in range(workers)]
    buyers = Buyers(orders, pace=0.25 * kills / orders)
    buyers.start()
    began = time.monotonic()
    crashes = {kills // 3, 2 * kills // 3} if cluster else set()
    leased: dict[tuple[int, int], str] = {}
    try:
        for kill in range(kills):
            time.sleep(chance.uniform(0.02, 0.45))  # the random moment
            # Every other worker dies during a call of its own, which is short with a seller on the same machine.
            busy = _owner_of_a_new_call(leased, buyers) if kill % 2 else ""
            next((each for each in nurseries if each.name == busy), chance.choice(nurseries)).kill()
            leased = _leased()
            if kill in crashes:
                connection.close()
                cluster.crash()
                time.sleep(0.7)
                cluster = cluster.start_again()
        sys.stderr.write(f"storm over after {time.monotonic() - began:.0f} s\n")
        buyers.join(10 * waiting.TIMEOUT)
        connection.close()  # a crash cut the connection
        _wait_for_quiet()
        return {"kills": kills, "crashes": len(crashes), **_count(buyers.acknowledged, folder / "seller")}
    finally:
        for nursery in nurseries:
            nursery.close()
        seller_process.terminate()
        seller_process.wait(waiting.TIMEOUT)
        if cluster:
            cluster.stop()


def _leased() -> dict[tuple[int, int], str]:
    """Return the worker of each open attempt."""
    from tradepost.market.base.work import State
    from tradepost.market.production.models import Call

    rows = Call.objects.filter(state=State.LEASED).values_list("pk", "attempts", "lease_owner")
    return {(call, attempt): owner for call, attempt, owner in rows}


def _owner_of_a_new_call(old: dict[tuple[int, int], str], buyers: Buyers) -> str:
    """Return a worker that has started a call since: attempts of dead workers stay open for a while. Empty if there is
    no work."""
    from tradepost.market.base.models import Event
    from tradepost.market.base.work import State
    from tradepost.market.production.models import Call

    until = time.monotonic() + CALL_TIMEOUT
    while time.monotonic() < until:
        if new := [owner for attempt, owner in _leased().items() if attempt not in old]:
            return new[0]
        done = not buyers.is_alive() and not Event.objects.exists()
        if done and not Call.objects.exclude(state=State.ENDED).exists():
            return ""
        time.sleep(0.002)  # pause between two checks
    return ""


def _wait_for_quiet() -> None:
    from tradepost.market.base.models import Event
    from tradepost.market.base.work import State
    from tradepost.market.orders.models import Order
    from tradepost.market.production.models import Call

    start = said = time.monotonic()
    while (passed := time.monotonic() - start) < MAX_DURATION:
        if time.monotonic() - said > 5:
            said = time.monotonic()
            left = Counter(Call.objects.exclude(state=State.ENDED).values_list("state", "lease_owner"))
            events = Counter(Event.objects.values_list("state", "lease_owner"))
            sys.stderr.write(f"after {passed:.0f} s: calls {dict(left)}, events {dict(events)}\n")
        busy = Order.objects.filter(status=Order.Status.PROCESSING).exists()
        if not busy and not Call.objects.exclude(state=State.ENDED).exists() and not Event.objects.exists():
            return
        time.sleep(0.1)


def _count(acknowledged: list[str], seller: Path) -> dict[str, Any]:
    from django.db.models import Count, F

    from tradepost.market.base.models import Event
    from tradepost.market.base.work import State
    from tradepost.market.orders.models import Order
    from tradepost.market.payments import ledger
    from tradepost.market.production.models import Attempt, Call
    from tradepost.market.subscriptions.models import Subscription

    paid = Order.objects.exclude(status=Order.Status.UNPAID)
    instances = [
        row[0]
        for db in sorted(p for p in seller.rglob("*") if p.suffix in {".sqlite3", ".db"})
        for row in _rows(db, "SELECT instance_id FROM account")
    ]
    held = list(Subscription.objects.filter(status="active").values_list("instance_id", flat=True))
    stuck = Call.objects.exclude(state=State.ENDED)
    return {
        "acknowledged": len(acknowledged),
        "lost": len(set(acknowledged) - set(paid.values_list("number", flat=True))),
        "paid": paid.count(),
        "by_status": dict(paid.values_list("status").annotate(n=Count("pk"))),
        "accounts_at_seller": len(instances),
        "accounts_nobody_holds": len(set(instances) - set(held)),
        "subscriptions_without_account": len(set(held) - set(instances)),
        "calls": Call.objects.count(),
        "calls_not_ended": stuck.count(),
        "stuck": [f"{c.activity} {c.state} {c.hold} {c.last_verdict} {c.lease_owner}" for c in stuck[:5]],
        "attempts": Attempt.objects.count(),
        "attempts_lost_with_a_worker": Attempt.objects.filter(verdict="lost").count(),
        "calls_with_missing_attempts": Call.objects.annotate(n=Count("tries")).exclude(n=F("attempts")).count(),
        "events_left": [e.error[-300:] for e in Event.objects.all()[:3]],
        "ledger": list(ledger.verify().problems),
    }


def _rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []  # the kit's own database has no accounts


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    from tests import machine, postgres

    with tempfile.TemporaryDirectory(prefix="tradepost-storm-", ignore_cleanup_errors=True) as name:
        cluster = None
        if options.postgres:
            binaries = machine.find_postgres()
            assert binaries is not None, "no PostgreSQL here"
            cluster = postgres.start(binaries, synchronous_commit="on", full_page_writes="on")
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
            "TRADEPOST_DATA": name,
            "TRADEPOST_SANDBOX": "true",
            "TRADEPOST_DATABASE_URL": cluster.url if cluster else "",
            "TRADEPOST_SELLER_CONCURRENCY": "64",
            "TRADEPOST_LOG_LEVEL": "ERROR",
            "TRADEPOST_SECRET_KEY": "a key that only the storm uses, long enough",
        }
        found = storm(
            kills=options.kills,
            workers=options.workers,
            orders=options.orders,
            cluster=cluster,
            folder=Path(name),
            seed=options.seed,
        )
    sys.stdout.write(json.dumps({"seed": options.seed, **found}) + "\n")


if __name__ == "__main__":
    main()
