"""A worker is stopped in the middle of a call, its lease expires, and it wakes up with its response when another worker
has finished.

``python -m tests.chaos.zombie [--postgres]`` prints its results as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import tempfile
import threading
from typing import Any

from tests.chaos.storm import Nursery


def zombie() -> dict[str, Any]:
    import django

    django.setup()
    from tests.migrated import migrate_here

    migrate_here()
    from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
    from tests.market.production.broken_sellers import honest_response, serving
    from tests.market.working import working
    from tests.waiting import until
    from tradepost.market.base import clock
    from tradepost.market.base.models import WorkerProcess
    from tradepost.market.orders.models import Order
    from tradepost.market.payments import ledger
    from tradepost.market.production.models import Attempt, Call
    from tradepost.market.subscriptions.models import Subscription

    asked, woken, told = threading.Event(), threading.Event(), threading.Event()

    def seller(connection: socket.socket, request: dict[str, str]) -> None:
        """The first call waits until its worker wakes up. All others are answered at once."""
        if not asked.is_set():
            asked.set()
            woken.wait(60)
            connection.sendall(honest_response({**request, "businessId": "of-the-first-call"}))
            told.set()
            return
        connection.sendall(honest_response(request))

    now = clock.now()
    with serving({"/": seller}) as server:
        maker = make_seller(now=now)
        product = make_product(maker, address=make_address(maker, url=server.url + "/", now=now), now=now)
        sleeper = Nursery("sleeper")
        try:
            order = make_order(make_buyer(now=now), offer=make_offer(product), paid=True, now=now)
            assert asked.wait(30), "the sleeper did not call"
            os.kill(sleeper.pid, signal.SIGSTOP)
            with working(name="other"):
                until(
                    lambda: Order.objects.get(pk=order.pk).status == Order.Status.COMPLETED,
                    within=60,
                    what="the other worker delivers",
                )
                slept = WorkerProcess.objects.get(name="sleeper").seen_at
                os.kill(sleeper.pid, signal.SIGCONT)
                woken.set()
                assert told.wait(10)
                until(
                    lambda: WorkerProcess.objects.filter(name="sleeper", seen_at__gt=slept, recorded__gte=1).exists(),
                    within=30,
                    what="the sleeper records what it brought",
                )
        finally:
            sleeper.close()
    return {
        "status": Order.objects.get(pk=order.pk).status,
        "attempts": list(Attempt.objects.order_by("call_id", "number").values_list("call__kind", "number", "verdict", "worker")),
        "calls": Call.objects.count(),
        "outcomes": sorted(set(Call.objects.values_list("outcome", flat=True))),
        "instance": Subscription.objects.get().instance_id,
        "ledger": list(ledger.verify().problems),
    }  # fmt: skip


def main() -> None:
    from tests import machine, postgres

    with tempfile.TemporaryDirectory(prefix="tradepost-zombie-", ignore_cleanup_errors=True) as name:
        cluster = None
        if "--postgres" in sys.argv:
            binaries = machine.find_postgres()
            assert binaries is not None, "no PostgreSQL here"
            cluster = postgres.start(binaries)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tradepost.market.settings",
            "TRADEPOST_DATA": name,
            "TRADEPOST_SANDBOX": "true",
            "TRADEPOST_DATABASE_URL": cluster.url if cluster else "",
            "TRADEPOST_SELLER_TIMEOUT_SECONDS": "120",
            "TRADEPOST_LOG_LEVEL": "ERROR",
            "TRADEPOST_SECRET_KEY": "a key that only this test uses, long enough",
        }
        try:
            sys.stdout.write(json.dumps(zombie()) + "\n")
        finally:
            if cluster:
                cluster.stop()


if __name__ == "__main__":
    main()
