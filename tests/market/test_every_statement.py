"""Every statement of pages, APIs, reactions, timers and sweeps in a large market: none reads a whole table that grows
with the orders, or a large part of one by an index.

PostgreSQL itself reports the plan of each executed statement, with the rows that it really read (``auto_explain``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import everything, many
from tests.factories.copies import copies
from tests.factories.directory_deeds import directory_deeds
from tests.factories.everything import Deed
from tests.market.explained import Read, explain_everything, explained
from tradepost.market.base import clock
from tradepost.market.payments import ledger, totals

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.slow]

SIZE = many.Size(orders=70_000, sellers=500, events=50_000)
"""50,000 subscriptions and more of everything else."""
MAX_ROWS = 3000
"""Maximum rows of a growing table that one plan node may read: the limit of counts on pages, and batches with their
related rows."""
MAX_STATEMENTS = 35
"""Maximum statements of a page; the console's home makes the most: the oldest entry of each source of the work queue."""
MORE = {
    "GET /metrics": 10_000,
    "timer base.retention": 5_000,
    "GET /seller/usage/export/<str:what>.csv": 10_000,
    "GET /balance/balance.csv": 10_001,
    "GET /enterprise/<slug:code>/sign-ins/sign-ins.csv": 10_001,
}
"""Higher limits: a metrics scrape counts further than a page; a nightly batch and a file have this many rows."""
GROWING = frozenset(model._meta.db_table for model in many.GROWING)


def problem_of(table_read: Read, max_rows: int) -> str:
    """Return why the statement must not read this; empty if it may."""
    if table_read.table not in GROWING:
        return ""
    if table_read.how == "Seq Scan":
        return f"reads all of {table_read.table}"
    return (
        f"reads {table_read.rows:,.0f} rows of {table_read.table} ({table_read.how})"
        if table_read.rows > max_rows
        else ""
    )


@pytest.fixture(scope="module")
def market(django_db_setup: None, django_db_blocker: Any) -> Iterator[datetime]:
    """A large market in a transaction that is rolled back, so that later tests find an empty database."""
    del django_db_setup
    now = datetime.now(UTC)
    with django_db_blocker.unblock():
        clock.forget_offset()
        with transaction.atomic():
            many.fill(SIZE, now=now)
            many.analyze(vacuum=False)
            explain_everything()
            yield now
            transaction.set_rollback(True)
        many.reset_after_rollback()
        connection.close()  # and with it its settings


def problems_of(deed: Deed, counts: dict[str, int] | None = None) -> list[str]:
    """Run the deed and roll it back; store the number of its statements in ``counts``."""
    reads: dict[str, Read] = {}

    def report(read: Read) -> None:
        if problem := problem_of(read, MORE.get(deed.name, MAX_ROWS)):
            reads.setdefault(f"{deed.name}: {problem}", read)

    with transaction.atomic():
        prepared = deed.prepare()
        reset_queries()  # Django keeps the last 9,000 queries: after them every page would seem to make none
        with explained(report), CaptureQueriesContext(connection) as captured:
            deed.act(prepared)
        transaction.set_rollback(True)
    if counts is not None:
        counts[deed.name] = len(captured)
    return [f"{words}\n    {table_read.statement[:1500]}" for words, table_read in reads.items()]


FAMILIES: Mapping[str, Callable[[datetime], Iterator[Deed]]] = {
    "apis": lambda _: everything.apis(everything.facts_of(SIZE)),
    "directories": lambda _: directory_deeds(everything.facts_of(SIZE)),
    "reactions": lambda now: everything.reactions(SIZE, now),
    "timers": lambda now: everything.timers(SIZE, now),
    "deliveries": lambda now: everything.deliveries(SIZE, now),
    "engine": everything.engine,
    "copies": lambda _: copies(SIZE),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_no_statement_reads_a_growing_table(market: datetime, family: str) -> None:
    wrong = [words for deed in FAMILIES[family](market) for words in problems_of(deed)]
    assert not wrong, "\n".join(["", *wrong])


def test_no_page_reads_a_growing_table_or_makes_many_statements(market: datetime) -> None:
    """Every list is full, so a query for each of its 25 rows would exceed the limit."""
    del market
    counts: dict[str, int] = {}
    deeds = list(everything.pages(SIZE, everything.facts_of(SIZE)))
    pages = {deed.name: deed for deed in deeds}
    assert len(pages) == len(deeds), "of two of one name one would not be asked"
    wrong = [words for deed in pages.values() for words in problems_of(deed, counts)]
    assert not wrong, "\n".join(["", *wrong])
    excessive = {name: number for name, number in counts.items() if number > MAX_STATEMENTS and name.startswith("GET")}
    assert excessive == {}


OF_ONE_BINDING = {"applications_authorisation": 1_000, "applications_sync": 100}
"""All of these rows belong to one binding here, so its index selects everything: rows that may be read nevertheless."""
RESENDS_TO_ALL = ("SyncResendRequested", "applications_authorisation")
"""Resending forgets what the seller knows of each person, so all rows are updated; later messages are found like
changes."""


JOINT_REACTIONS = (
    ".sync_calls_ended", ".enterprise_changed", ".departments_changed", ".enterprise_dissolved", ".retry_requested",
)  # fmt: skip
"""Reactions in ``wiring`` that call sellers about enterprises and their members."""


@pytest.mark.slow
def test_next_messages_to_a_seller_are_found_without_reading_all_its_people(market: datetime) -> None:
    """joint.md §8: what a seller is told next is what differs, be it one of a hundred thousand people."""
    pages = everything.pages(SIZE, everything.facts_of(SIZE))
    deeds = [
        deed for deed in pages if deed.name.endswith(("<int:pk>/unbind/", "<int:pk>/authorise/", "/applications/"))
    ]
    # A hundred changed members are looked up by key; in a table as small as here PostgreSQL prefers to read all rows.
    reactions = [deed for deed in everything.reactions(SIZE, market) if not deed.name.startswith("MembersChanged")]
    joint = [deed for deed in reactions if deed.name.endswith(JOINT_REACTIONS)]
    assert len(joint) >= len(JOINT_REACTIONS)
    deeds += joint
    wrong: set[str] = set()

    def report(read: Read) -> None:
        forgets = (deed.name.partition(" ")[0], read.table) == RESENDS_TO_ALL and read.statement.startswith("UPDATE")
        if read.rows > OF_ONE_BINDING.get(read.table, read.rows) and not forgets:
            wrong.add(f"{deed.name}: {read.rows:,.0f} rows of {read.table} ({read.how})\n    {read.statement[:600]}")

    for deed in deeds:
        with transaction.atomic():
            prepared = deed.prepare()
            with explained(report):
                deed.act(prepared)
            transaction.set_rollback(True)
    assert not wrong, "\n".join(["", *wrong])


def test_totals_are_planned_for_the_few_entries_after_the_sums(market: datetime) -> None:
    """The statement read only a few rows anyway, but PostgreSQL expected a third of the ledger and started two more
    processes.
    """
    del market
    with CaptureQueriesContext(connection) as captured:
        totals.books()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {captured[-1]['sql']}")
        [[plan]] = cursor.fetchone()
    [entries] = [node for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "payments_entry"]
    assert (entries["Node Type"], entries["Plan Rows"] < MAX_ROWS) == ("Index Scan", True), entries


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def test_books_of_the_large_market_balance(market: datetime) -> None:
    """Otherwise the test data would be no valid market."""
    del market
    assert ledger.verify().problems == ()


def test_scan_and_long_index_read_are_reported(market: datetime) -> None:
    """Proves that the tests above can fail."""
    from tradepost.market.orders.models import Order

    del market
    scan = Deed("scan", lambda _: Order.objects.filter(currency="EUR").count())
    walk = Deed("walk", lambda _: Order.objects.filter(currency="EUR").order_by("-id")[:1].count() or list(
        Order.objects.filter(currency="EUR", pk__gt=SIZE.orders - 5000).order_by("-id")[:1]
    ))  # fmt: skip
    assert "reads all of orders_order" in problems_of(scan)[0]
    assert any("reads 5,000 rows of orders_order (Index Scan" in words for words in problems_of(walk))
