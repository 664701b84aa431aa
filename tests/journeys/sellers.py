"""Sellers for the journeys: one written with the kit and served on a thread, and the sample seller as a process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import override

from tests.factories import make_address, make_product, make_seller
from tradepost.kit import AppInfo, Create, Created, Instance, InstanceInfo, Query, Seller
from tradepost.kit.client import MarketClient
from tradepost.kit.sample import folder
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.identity import keys
from tradepost.protocols.open_api.order_query import OrderInfo

KEY = "the signing key of a journey"
ROOT = Path(__file__).parents[2]


class Shop(Seller):
    """Open instances at once, query the order if the shop has an access key, and record the calls."""

    def __init__(self, store: Path, *, by_message: bool = False) -> None:
        super().__init__(store=store, key=KEY)
        self.client: MarketClient | None = None
        self.created: list[Create] = []
        self.orders: list[OrderInfo] = []
        self.url = ""
        self.open = threading.Event()
        """Creations wait until this is set."""
        self.open.set()
        self._by_message = by_message

    @override
    def on_create(self, command: Create) -> Created:
        assert self.open.wait(10)
        self.created.append(command)
        if self.client is not None:
            self.orders.append(self.client.order(command.order_id, command.order_line_id))
        return Created()

    @override
    def on_query(self, command: Query, instance: Instance) -> AppInfo | InstanceInfo:
        if self._by_message:
            return InstanceInfo(instance_id=instance.instance_id)
        return AppInfo(
            front_end_url="https://app.example/", user_name=f"user-{instance.instance_id[:6]}", password="Open-Sesame-7"
        )


@contextmanager
def serving(data: Path, *, by_message: bool = False, make: type[Shop] = Shop) -> Iterator[Shop]:
    shop = make(data / "kit.db", by_message=by_message)
    with running(shop) as url:
        shop.url = f"{url}/produce"
        yield shop


def product_at(url: str, *, shop: Shop | None = None, market: str = "", **fields: object) -> Product:
    """Return a product of a seller whose server is at ``url``. With ``market``, the shop gets an access key for the
    order query."""
    now = clock.now()
    seller = make_seller(signing_key=KEY, now=now)
    product = make_product(seller, address=make_address(seller, url=url, now=now), now=now, **fields)  # type: ignore[arg-type]
    if shop is not None and market:
        made = keys.create_access_key(seller, by=None, now=now)
        shop.client = MarketClient(market, made.key_id, made.secret)
    return product


@contextmanager
def sample_seller(data: Path) -> Iterator[str]:
    """Run the sample seller in a process and yield its production address."""
    command = [sys.executable, str(folder() / "seller.py"), "--port", "0", "--data", str(data)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "SELLER_KEY": KEY}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("Sample seller: http://"), line
            yield f"{line.split()[2]}/produce"
        finally:
            process.kill()
