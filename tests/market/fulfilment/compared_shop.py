"""A seller on the kit, with services that the real engine delivered, to compare with the market."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.check.kit_seller import KEY
from tests.check.mutants.any_shop import APP, AnySeller, any_seller
from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.working import working
from tests.waiting import until
from tradepost.kit import InstanceInfo, Query
from tradepost.kit.answers import Instance
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.values import replace
from tradepost.market.fulfilment import reconcile
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

BY = "operator@market.example"


@dataclass
class Shop:
    """A seller on the kit, with services of three buyers."""

    seller: Seller
    store: Path
    subscriptions: list[Subscription]

    def change(self, text: str, *values: object) -> None:
        """Change the kit's database directly, as a restored backup or a lost disk would."""
        with sqlite3.connect(self.store) as connection:
            assert connection.execute(text, values).rowcount == 1

    def run_comparison(self) -> dict[str, int]:
        """Run the comparison and return its counts."""
        job = reconcile.start(self.seller, by=BY, now=clock.now())
        until(lambda: not LeasedJob.objects.get(pk=job.pk).open, what="the comparison ends")
        finished_job = LeasedJob.objects.get(pk=job.pk)
        assert finished_job.outcome == "done", finished_job.error
        return dict(finished_job.result or {})


@contextmanager
def shop(place: Path, *, services: int = 3) -> Iterator[Shop]:
    with running_kit(place) as (url, store), working():
        now = clock.now()
        seller = make_seller(signing_key=KEY, now=now)
        product = make_product(seller, address=make_address(seller, url=url, now=now), now=now)
        orders = [make_order(make_buyer(), offer=make_offer(product), paid=True, now=now) for _ in range(services)]
        delivered = Subscription.objects.filter(order_lines__order__in=orders, status="active")
        until(lambda: delivered.count() == services, what="all are delivered")
        yield Shop(seller, store, list(delivered.order_by("pk")))


class Kept(AnySeller):
    """Answers queries with access data; for ``changed`` instances with another user name."""

    changed: ClassVar[set[str]] = set()

    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        del command
        app = replace(APP, user_name="somebody-else") if instance.instance_id in self.changed else APP
        return InstanceInfo(instance_id=instance.instance_id, app=app)


@contextmanager
def running_kit(place: Path) -> Iterator[tuple[str, Path]]:
    with running(any_seller(place, "saas_v2", Kept)) as url:
        [store] = [path for path in place.rglob("*") if path.suffix in {".db", ".sqlite3"}]
        yield url, store
