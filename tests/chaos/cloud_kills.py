"""Run servers with period images on moto's EC2 while the worker is killed at each step, and count servers and orders
after each.

The worker dies before a call to the cloud, after the cloud acted but before the worker has the response, and after the
response, while the market stores it. ``python -m tests.chaos.cloud_kills [--postgres]`` prints the counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos.storm import Nursery
from tests.waiting import until

LEASE = "3"
TIMEOUT = 120.0
MINUTE = timedelta(minutes=1)
DAY = 86_400
"""Seconds between two checks of the cloud: the clock runs through a month."""
MOMENTS = ("before", "after", "answered")
CREATION = [
    ("DescribeInstances", "before"),
    ("DescribeInstances", "answered"),
    *(("RunInstances", one) for one in MOMENTS),
]


class Killer:
    """Kill the worker at one call to the cloud; ``watch`` is called by a gate."""

    def __init__(self, nursery: Nursery) -> None:
        self.nursery = nursery
        self.kills: list[str] = []
        self._lock = threading.Lock()
        self._armed: tuple[str, str] | None = None

    def arm(self, action: str, moment: str) -> None:
        with self._lock:
            self._armed = (action, moment)

    def watch(self, action: str, moment: str) -> bool:
        with self._lock:
            if self._armed != (action, moment):
                return True
            self._armed = None
            self.nursery.kill()
            self.kills.append(f"{moment} {action}")
            return False

    def wait(self) -> None:
        until(lambda: self._armed is None, within=TIMEOUT, what=f"the worker is killed at {self._armed}")

    def now(self, what: str) -> None:
        self.nursery.kill()
        self.kills.append(what)


class Market:
    """The market of this process and its cloud. Its worker is another process."""

    def __init__(self, killer: Killer, url: str) -> None:
        from tests.clouds.ec2 import client
        from tests.factories import make_buyer, make_offer
        from tests.factories.images import make_image
        from tradepost.market.base import clock
        from tradepost.market.compute.registry import cloud

        now = clock.now()
        self.killer, self.ec2, self.adapter = killer, client(url), cloud("ec2")
        self.buyer, product = make_buyer(balance="100000", now=now), make_image(now=now)
        self.hourly, self.monthly = (make_offer(product, mode=mode) for mode in ("ON_DEMAND", "PERIOD"))
        self.product = product

    def create(self, name: str) -> int:
        from tests.factories.images import RULES
        from tradepost.market.base import clock
        from tradepost.market.compute.models import Server
        from tradepost.market.images import servers

        command = servers.CreateServer(product_id=self.hourly.product_id, name=name, size="s1", agreed=True)
        servers.create_server(self.buyer, command, self.adapter, rules=RULES, now=clock.now())
        return Server.objects.get(name=name).pk

    def buy_image(self, server: int) -> None:
        from tests.factories.images import RULES
        from tradepost.market.base import clock
        from tradepost.market.images import servers
        from tradepost.market.orders.pay import pay_order

        command = servers.OrderForServer(product_id=self.monthly.product_id, server=server, agreed=True)
        pay_order(servers.buy_image(self.buyer, command, rules=RULES, now=clock.now()), now=clock.now())

    def is_(self, server: int, status: str) -> None:
        from tradepost.market.compute.models import Server, Task

        def settled() -> bool:
            waiting = Task.objects.filter(server=server, status="waiting").exists()
            return Server.objects.get(pk=server).status == status and not waiting and self.is_idle()

        until(settled, within=TIMEOUT, what=f"server {server} is {status}")

    def is_idle(self) -> bool:
        """Return whether no order is under way and no event waits."""
        from tradepost.market.base.models import Event
        from tradepost.market.fulfilment.models import OPEN, Operation
        from tradepost.market.orders.models import Order

        busy = Order.objects.filter(status="processing").exists() or Operation.objects.filter(status__in=OPEN).exists()
        return not busy and not Event.objects.exists()

    def instances(self, *, all_: bool = False) -> list[dict[str, Any]]:
        found = [one for part in self.ec2.describe_instances()["Reservations"] for one in part["Instances"]]
        return [one for one in found if all_ or one["State"]["Name"] != "terminated"]

    def disks(self) -> int:
        return len(self.ec2.describe_volumes()["Volumes"])

    def count(self) -> dict[str, Any]:
        """Count servers without an order, and orders without a server."""
        from tradepost.market.base.market_identity import identity
        from tradepost.market.compute.lifecycle import ACTIVE_STATUSES
        from tradepost.market.compute.models import OrphanServer, Server, Task
        from tradepost.market.compute.orphans import _unowned
        from tradepost.market.orders.models import Order, OrderLine
        from tradepost.market.subscriptions.models import Subscription

        known = identity()
        assert known is not None
        there = {one["InstanceId"] for one in self.instances()}
        held = Server.objects.filter(status__in=ACTIVE_STATUSES)
        living = Subscription.objects.filter(
            status__in=["active", "opening", "frozen"], offer__charging_mode=self.hourly.charging_mode
        )
        lines = OrderLine.objects.filter(subscription__in=living)
        return {
            "servers": len(there),
            "servers_without_order": sorted(there - set(held.filter(service__in=living).values_list("provider_id", flat=True))),
            "orders_without_server": [
                line.number for line in lines
                if not held.filter(service=line.subscription_id, pk=line.for_server or 0, provider_id__in=there).exists()
            ],
            "orders": living.count(),
            "orphans": len(_unowned(self.adapter.owned(known.market_id))) + OrphanServer.objects.count(),  # type: ignore[attr-defined]
            "made": len(self.instances(all_=True)),
            "tasks_given_up": list(Task.objects.exclude(status="done").values_list("action", "status", "error")),
            "orders_by_status": sorted(set(Order.objects.values_list("status", flat=True))),
        }  # fmt: skip


def change_each(
    market: Market, servers: Sequence[int], action: str, verb: Callable[[int], None], status: str
) -> None:  # fmt: skip
    """Change every server. The worker dies at another moment of each of the first three."""
    for number, server in enumerate(servers):
        if number < len(MOMENTS):
            market.killer.arm(action, MOMENTS[number])
        verb(server)
        if number < len(MOMENTS):
            market.killer.wait()
    for server in servers:
        market.is_(server, status)


def replace_disk(market: Market, server: int) -> None:
    from tradepost.market.base import clock
    from tradepost.market.images import servers

    servers.replace_plain(market.buyer, server, "ubuntu-24.04", market.adapter, agreed=True, now=clock.now())


def run_past(market: Market, end: datetime) -> None:
    """Move the clock past the end of the period images. The worker dies before, at and after that time."""
    from tradepost.market.base import clock

    for stop in (end - 30 * MINUTE, end, end + 90 * MINUTE):
        clock.set_target(stop - clock.now())
        market.killer.now(f"on the way to {(stop - end) // MINUTE} minutes after the end of the period images")
        until(lambda: clock.target() is None, within=TIMEOUT, what=f"the clock reaches {stop}")


def run(market: Market) -> dict[str, Any]:
    from tests.market.working import advance
    from tradepost.market.base import clock
    from tradepost.market.billing import queries
    from tradepost.market.images import meter, servers
    from tradepost.market.images.models import PeriodImage
    from tradepost.market.payments import ledger
    from tradepost.market.subscriptions.models import Subscription

    buyer, counts, made = market.buyer, {}, []
    for number, (action, moment) in enumerate(CREATION):
        market.killer.arm(action, moment)
        made.append(market.create(f"web-{number}"))
        market.killer.wait()
    for server in made:
        market.is_(server, "running")
    counts["created"] = market.count()
    for server in made:
        market.buy_image(server)
        market.killer.now("a period image was paid")
    until(lambda: PeriodImage.objects.filter(status="bound").count() == len(made), within=TIMEOUT, what="bound")
    until(market.is_idle, within=TIMEOUT)
    change_each(market, made, "StopInstances", lambda pk: servers.stop(buyer, pk, now=clock.now()), "stopped")
    counts["stopped"] = market.count()
    end = max(one.expires_at for one in Subscription.objects.filter(period_image__isnull=False) if one.expires_at)
    advance(end - clock.now() - 90 * MINUTE, within=TIMEOUT)
    change_each(market, made, "StartInstances", lambda pk: servers.start(buyer, pk, now=clock.now()), "running")
    counts["running"] = market.count()
    run_past(market, end)
    until(lambda: PeriodImage.objects.filter(status="expired").count() == len(made), within=TIMEOUT, what="expired")
    until(market.is_idle, within=TIMEOUT)
    counts["expired"] = market.count()
    replaced = made[: len(MOMENTS)]
    change_each(market, replaced, "AttachVolume", lambda pk: replace_disk(market, pk), "running")
    disks = market.disks()
    change_each(
        market, made, "TerminateInstances", lambda pk: servers.release(buyer, pk, agreed=True, now=clock.now()), "released"
    )  # fmt: skip
    counts["released"] = market.count()
    return {
        "counts": counts, "disks": {"replaced": disks, "released": market.disks()}, "kills": market.killer.kills, "ordered": len(made),
        "problems": [*meter.inconsistencies(), *queries.problems(), *ledger.verify().problems],
    }  # fmt: skip


def play(stack: ExitStack, folder: Path) -> dict[str, Any]:
    import django

    django.setup()
    from tests.clouds.ec2 import cloud_file, moto
    from tests.clouds.gate import gate
    from tests.migrated import migrate_here
    from tradepost.market.base import clock, market_identity

    migrate_here()
    market_identity.ensure_identity(sandbox=True, now=clock.now())
    url = stack.enter_context(moto())
    door = stack.enter_context(gate(url))
    cloud_file(door.url, url, folder / "cloud.toml", imported="product:1", observe_seconds=DAY)
    nursery = Nursery("killed", LEASE)
    stack.callback(nursery.close)
    killer = Killer(nursery)
    door.watch = killer.watch
    market = Market(killer, url)
    cloud_file(door.url, url, folder / "cloud.toml", imported=f"product:{market.product.pk}", observe_seconds=DAY)
    return run(market)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    from tests import machine, postgres

    with (
        tempfile.TemporaryDirectory(prefix="tradepost-kills-", ignore_cleanup_errors=True) as name,
        ExitStack() as stack,
    ):
        url = ""
        if options.postgres:
            binaries = machine.find_postgres()
            assert binaries is not None, "no PostgreSQL here"
            cluster = postgres.start(binaries)
            stack.callback(cluster.stop)
            url = cluster.url
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tradepost.market.settings", "TRADEPOST_DATA": name, "TRADEPOST_SANDBOX": "true",
            "TRADEPOST_DATABASE_URL": url, "TRADEPOST_LOG_LEVEL": "ERROR", "TRADEPOST_COMPUTE_ADAPTER": "ec2",
            "TRADEPOST_COMPUTE_FILE": f"{name}/cloud.toml",
            "TRADEPOST_SECRET_KEY": "a key that only this test uses, long enough",
        }  # fmt: skip
        found = play(stack, Path(name))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
