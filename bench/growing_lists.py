"""A market of a given number of orders whose lists are read in every available way.

``python -m bench.growing_lists DATABASE_URL FOLDER ORDERS SELLERS NOW ONLY``: prints ``ready`` with a file of the ways
and of the database reads for each. After each ``go`` with a number and a count, it reads that list and prints ``done``
with the milliseconds of its runs.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from .growing_market import run_on_request, timed
from .places import open_market
from .programs import say_ready

if TYPE_CHECKING:
    from tests.factories.every_list import Way
    from tests.factories.everything import Deed


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """``rows``: read by the database from tables that grow with the orders, including filtered ones. ``blocks``: of 8
    KiB, of all tables and indexes. ``size``: bytes of the page. ``milliseconds``: of one run."""

    name: str
    plain: str
    rows: float
    blocks: int
    statements: int
    size: int
    milliseconds: float


def main() -> None:
    database, folder, orders, sellers, now, only = sys.argv[1:]
    # A sandbox compares the time of each booking, since its clock may jump.
    open_market(Path(folder), database_url=database, open_api_rate="1000000/second", sandbox="false", hosts="localhost")
    from tests.factories import everything, many
    from tests.factories.every_list import every_list
    from tests.market.explained import explain_everything, explain_nothing
    from tradepost.market.orders.models import Order
    from tradepost.market.web import logs

    logs.configure(form="json", level="ERROR")
    size = many.Size(orders=int(orders), sellers=int(sellers))
    if not Order.objects.exists():
        many.fill(size, now=datetime.fromisoformat(now))
        many.analyze(vacuum=True)
    ways = list(every_list(size, everything.facts_of(size), only=tuple(word for word in only.split(",") if word)))
    if not ways:
        raise SystemExit(f"no list is called {only}")
    deeds = [_make_deed(way) for way in ways]
    explain_everything()
    found = [_explain(way) for way in ways]
    explain_nothing()
    found = [replace(read, milliseconds=timed(way)) for read, way in zip(found, deeds, strict=True)]
    reads = Path(folder) / "reads.json"
    reads.write_bytes(msgspec.json.encode(found))
    say_ready(reads)
    run_on_request(deeds)


def _make_deed(way: Way) -> Deed:
    from tests.factories.everything import Deed

    return Deed(way.name, lambda _: way.read())


def _explain(way: Way) -> Read:
    from django.core.cache import cache
    from django.db import connection, reset_queries, transaction
    from django.test.utils import CaptureQueriesContext

    from tests.market.explained import explained
    from tests.scans import growing_tables

    rows, blocks = list[float](), list[int]()
    cache.clear()  # of the counts that limit the frequency of searches
    reset_queries()
    with transaction.atomic():
        told = explained(
            lambda read: rows.append(read.rows if read.table in growing_tables() else 0), blocks=blocks.append
        )
        with told, CaptureQueriesContext(connection) as captured:
            page = way.read()
        transaction.set_rollback(True)
    return Read(
        name=way.name,
        plain=way.plain,
        rows=sum(rows),
        blocks=sum(blocks),
        statements=len(captured),
        size=len(page.encode()),
        milliseconds=0,
    )


if __name__ == "__main__":
    main()
