"""A seller whose server runs on the kit, with services that were delivered by the real engine, to be compared with the market."""

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
    """A seller whose server runs on the kit, with services of three buyers."""

    seller: Seller
    store: Path
    held: list[Subscription]

    def change(self, text: str, *values: object) -> None:
        """What happens behind the kit's back: a restored backup, a lost disk, somebody with a database shell."""
        with sqlite3.connect(self.store) as connection:
            assert connection.execute(text, values).rowcount == 1

    def compared(self) -> dict[str, int]:
        """What the comparison counted."""
        job = reconcile.start(self.seller, by=BY, now=clock.now())
        until(lambda: not LeasedJob.objects.get(pk=job.pk).open, what="the comparison ends")
        ended = LeasedJob.objects.get(pk=job.pk)
        assert ended.outcome == "done", ended.error
        return dict(ended.result or {})


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
    """Its instances are entered by what a query answers; some by something else than before."""

    changed: ClassVar[set[str]] = set()

    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        del command
        app = replace(APP, user_name="somebody-else") if instance.instance_id in self.changed else APP
        return InstanceInfo(instance_id=instance.instance_id, app=app)


@contextmanager
def running_kit(place: Path) -> Iterator[tuple[str, Path]]:
    with running(any_seller(place, "saas_v2", Kept)) as url:
        [store] = [one for one in place.rglob("*") if one.suffix in {".db", ".sqlite3"}]
        yield url, store
