"""How many paid orders per second does one worker deliver, with all reactions, both calls, bookings, notices and
timers?"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.answer import Answer, Runs, Say, Scale
from bench.places import folder, open_market, postgresql
from bench.programs import Program, ProgramFailed

if TYPE_CHECKING:
    from bench.rows import Shop

OURS, CPU = "ours", "processor time of the worker for an order"
PATIENCE = 120.0
LOOK_EVERY = 0.02


def measure(scale: Scale, say: Say) -> Answer:
    sellers, count = scale.of(1000, 20), scale.of(2000, 60)
    runs = Runs(say)
    with postgresql() as database, folder() as data, Program("bench.instant_seller", *scale.verify) as server:
        port, _ = server.ready()
        open_market(data, database_url=database)
        from bench import paid_orders, rows

        say(f"a market with {sellers:,} sellers")
        shop = rows.open_shop(lambda i: f"http://127.0.0.1:{port}/s/{i}", sellers=sellers, now=datetime.now(UTC))
        paid_orders.hire_members(shop)
        for repeat in range(scale.repeats):
            _run(runs, shop, tag=f"D{repeat}x", count=count)
    return Answer(
        name="delivery",
        title="Paid orders delivered a second: one worker, PostgreSQL, everything on, instant seller",
        ratios=(),
        figures=runs.figures(),
        needs=(),
        notes=(
            "Until every order is completed and no event is left: both calls, access data, money, notices, timers.",
            "Mails are written and sent as the worker comes to it; they are not awaited.",
        ),
    )


def _run(runs: Runs, shop: Shop, *, tag: str, count: int) -> None:
    from bench import paid_orders

    paid_orders.insert_paid(shop, tag=tag, count=count, now=datetime.now(UTC))
    with Program("bench.worker", f"bench-{tag}") as worker:
        worker.ready()
        before, begun = worker.processor_time(), worker.go()
        _wait(worker, tag)
        spent, busy = time.monotonic() - begun, worker.processor_time() - before
    _check(tag, count)
    runs.add(OURS, count / spent, "orders/s")
    runs.add(CPU, 1000 * busy / count, "ms")


def _wait(worker: Program, tag: str) -> None:
    from tradepost.market.base.models import Event
    from tradepost.market.orders.models import Order

    patience = time.monotonic() + PATIENCE
    open_orders = Order.objects.filter(number__startswith=f"CS{tag}", status=Order.Status.PROCESSING)
    while open_orders.exists() or Event.objects.exists():
        if not worker.alive() or time.monotonic() > patience:
            raise ProgramFailed(
                f"{open_orders.count()} orders are not delivered, {Event.objects.count()} events are left"
            )
        time.sleep(LOOK_EVERY)


def _check(tag: str, count: int) -> None:
    """Check that every order was delivered in the first attempt of both calls, with all related rows."""
    from tradepost.market.base.models import Job
    from tradepost.market.fulfilment.timers import LIFE
    from tradepost.market.notifications.models import Notice, NoticeDelivery
    from tradepost.market.orders.models import Order
    from tradepost.market.payments import ledger
    from tradepost.market.production.models import Attempt
    from tradepost.market.subscriptions.models import Subscription

    subscriptions = Subscription.objects.filter(
        order_line_number__startswith=f"CS{tag}", status=Subscription.Status.ACTIVE
    ).exclude(sealed_access="")
    found = {
        "orders": Order.objects.filter(number__startswith=f"CS{tag}", status=Order.Status.COMPLETED).count(),
        "subscriptions": subscriptions.count(),
        "timers": Job.objects.filter(kind=LIFE, key__in=[str(s.pk) for s in subscriptions]).count(),
        "attempts": Attempt.objects.filter(call__order_number__startswith=f"CS{tag}", verdict="done").count() / 2,
        "notices": Notice.objects.filter(once__contains=f"CS{tag}").count() / 2,
        "mails": NoticeDelivery.objects.filter(notice__once__contains=f"CS{tag}").count() / 2,
    }
    if any(number != count for number in found.values()):
        raise ProgramFailed(f"of {count} orders: {found}")
    if problems := ledger.verify().problems:
        raise ProgramFailed(f"the ledger does not balance: {problems[:3]}")
