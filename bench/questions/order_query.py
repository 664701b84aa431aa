"""How many signed order queries per second does one web worker answer?"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.answer import Answer, Need, Runs, Say, Scale, installed
from bench.load import raw_request, send
from bench.places import folder, open_market, postgresql
from bench.programs import Program, ProgramFailed
from tradepost.cli.serve import free_port
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.order_query import PATH
from tradepost.protocols.open_api.signing import sign

if TYPE_CHECKING:
    from bench.rows import Shop

OURS, RIVAL, BARE = "ours", "FastAPI with SQLAlchemy", "bare WSGI view"
AK, SK = "TPBENCH0000000000001", "s" * 40
PATIENCE = 30.0


def measure(scale: Scale, say: Say) -> Answer:
    orders, count = scale.of(10_000, 100), scale.of(4000, 100)
    runs = Runs(say)
    with postgresql() as database, folder() as data:
        # Otherwise the rate limit would be measured.
        open_market(data, database_url=database, open_api_rate="1000000/second")
        from bench import rows

        say(f"a market with {orders:,} orders")
        shop = rows.open_shop(lambda i: f"https://seller{i}.example/", sellers=1, now=datetime.now(UTC))
        numbers = _orders(shop, orders)
        body = data / "answer.json"
        for _ in range(scale.repeats):
            with _web("bench.web_server", numbers, "market") as (port, server):
                answered = _ask(runs, OURS, server, _queries(port, numbers, count), port)
            if installed("asyncpg"):
                os.environ["BENCH_DATABASE"] = database
                with _web("bench.fastapi_rival", numbers) as (port, server):
                    if _ask(runs, RIVAL, server, _queries(port, numbers, count), port) != answered:
                        raise ProgramFailed("the rival does not answer as the market does")
            body.write_bytes(answered)
            with _web("bench.web_server", numbers, "bare", body) as (port, _):
                rate, _ = send(port, _queries(port, numbers, count), must_hold=answered)
                runs.add(BARE, rate, "requests/s")
    return _answer(runs)


def _ask(runs: Runs, name: str, server: Program, queries: list[bytes], port: int) -> bytes:
    before = server.processor_time()
    rate, answered = send(port, queries, must_hold=b'"MKT.0000"')
    runs.add(name, rate, "requests/s")
    runs.add(f"{name}, processor time of a request", 1000 * (server.processor_time() - before) / len(queries), "ms")
    return answered


def _answer(runs: Runs) -> Answer:
    ratios = [runs.ratio("the bare view", OURS, BARE)]
    needs, notes = (
        [],
        ["The market is a sandbox, with its access log, rate limit and lock; the rival has none of these."],
    )
    if RIVAL in runs.found:
        ratios.insert(0, runs.ratio(RIVAL, OURS, RIVAL))
        needs.append(Need(text=f"times {RIVAL}", reached=ratios[0].value, bound=1.5))
    else:
        notes.append("asyncpg is not installed: no rival was measured.")
    return Answer(
        name="order-query",
        title="Signed order query (AK/SK): one worker, PostgreSQL",
        ratios=tuple(ratios),
        figures=runs.figures(),
        needs=tuple(needs),
        notes=tuple(notes),
    )


@contextmanager
def _web(module: str, numbers: list[str], kind: str = "", *arguments: Path) -> Iterator[tuple[int, Program]]:
    """Provide a server that has answered and is warmed up."""
    port = free_port()
    server = Program(module, *([kind] if kind else []), port, *arguments)
    try:
        patience = time.monotonic() + PATIENCE
        while True:
            try:
                send(port, _queries(port, numbers, 200))
            except OSError:
                if time.monotonic() > patience or not server.alive():
                    raise ProgramFailed(f"{module} {kind} does not answer") from None
                time.sleep(0.05)
            else:
                break
        yield port, server
    finally:
        server.end(within=20)


def _queries(port: int, numbers: list[str], count: int) -> list[bytes]:
    now = datetime.now(UTC)
    signed = (
        sign(
            Request(
                "GET",
                f"http://127.0.0.1:{port}{PATH}?orderId={numbers[i * 7919 % len(numbers)]}",
                (("Content-Type", "application/json"),),
            ),
            ak=AK,
            sk=SK,
            now=now,
        )
        for i in range(count)
    )
    return [raw_request("GET", f"{urlsplit(r.url).path}?{urlsplit(r.url).query}", r.headers) for r in signed]


def _orders(shop: Shop, count: int) -> list[str]:
    """Create paid orders of one line, of the shop's only seller, whose access key signs the queries."""
    from bench.rows import BATCH
    from tradepost.market.base.secrets import seal
    from tradepost.market.catalog.models import Version
    from tradepost.market.identity.models import AccessKey
    from tradepost.market.orders.models import Order, OrderLine
    from tradepost.market.subscriptions.models import Subscription

    now = datetime.now(UTC)
    sold = Version.objects.get(product=shop.products[0])
    AccessKey.objects.create(seller=shop.sellers[0], access_key=AK, sealed=seal(SK), created_by=None, created_at=now)
    orders = Order.objects.bulk_create(
        [
            Order(
                number=f"CSBENCH{i:09}",
                order_type=Order.Type.NEW,
                buyer=shop.buyer,
                status=Order.Status.PROCESSING,
                total_minor=10_000,
                currency="CNY",
                placed_at=now,
                pay_before=now + timedelta(days=1),
                paid_at=now,
            )
            for i in range(count)
        ],
        BATCH,
    )
    held = Subscription.objects.bulk_create(
        [
            Subscription(
                buyer=shop.buyer,
                seller=shop.sellers[0],
                product=shop.products[0],
                offer=shop.offer,
                order_line_number=f"{order.number}-000001",
                instance_id=order.number,
                status=Subscription.Status.ACTIVE,
                created_at=now,
                started_at=now,
                expires_at=now + timedelta(days=30),
            )
            for order in orders
        ],
        BATCH,
    )
    OrderLine.objects.bulk_create(
        [
            OrderLine(
                order=order,
                number=f"{order.number}-000001",
                buyer_id=order.buyer_id,
                seller=shop.sellers[0],
                product=shop.products[0],
                offer=shop.offer,
                version=sold,
                subscription=subscription,
                charging_mode="PERIOD",
                period_type="month",
                period_number=1,
                amount_minor=10_000,
                sku_code="STD",
                product_name="商品",
                product_name_en="Product",
                spec_name="标准版",
                spec_name_en="Standard",
                agreed_at=now,
            )
            for order, subscription in zip(orders, held, strict=True)
        ],
        BATCH,
    )
    return [order.number for order in orders]
