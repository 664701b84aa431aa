"""Every statement of pages, APIs, reactions, timers and sweeps, as PostgreSQL runs it in a large market: none reads a table
that grows with the orders from one end to the other, nor a large part of it by an index.

PostgreSQL itself tells the plan of each statement after it ran, with the rows that it really read (``auto_explain``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from django.db import connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import everything, many
from tests.factories.directory_deeds import directory_deeds
from tests.factories.everything import Deed
from tradepost.market.base import clock
from tradepost.market.payments import ledger, totals

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.slow]

SIZE = many.Size(orders=70_000, sellers=500, events=50_000)
"""50,000 subscriptions and more of everything else."""
MOST = 3000
"""Rows of a growing table that one node of a plan may read: what pages count to, and batches with what hangs on them."""
MOST_QUESTIONS = 32
"""Statements of a page; the console's overview has the most: one for each list of what waits for an operator."""
MORE = {
    "GET /metrics": 10_000,
    "timer base.retention": 5_000,
    "GET /seller/usage/export/<str:what>.csv": 10_000,
    "GET /balance/balance.csv": 10_001,
}
"""A scrape counts further than a person; a night's batch is of so many rows, and so is a file."""
GROWING = frozenset(model._meta.db_table for model in many.GROWING)


@dataclass(frozen=True, slots=True)
class Read:
    """One node of a plan that reads a table."""

    table: str
    how: str
    rows: float
    statement: str

    def refused(self, most: int) -> str:
        """Why it must not be; empty when it may."""
        if self.table not in GROWING:
            return ""
        if self.how == "Seq Scan":
            return f"reads all of {self.table}"
        return f"reads {self.rows:,.0f} rows of {self.table} ({self.how})" if self.rows > most else ""


def reads(plan: Mapping[str, Any], statement: str) -> Iterator[Read]:
    """Of the whole tree. What a filter threw away was read all the same."""
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        thrown = sum(value for name, value in plan.items() if name.startswith("Rows Removed by"))
        loops = plan["Actual Loops"]
        if loops:
            rows = (plan["Actual Rows"] + thrown) * loops
            yield Read(
                plan["Relation Name"], f"{plan['Node Type']} {plan.get('Index Name', '')}".strip(), rows, statement
            )
    for part in plan.get("Plans", ()):
        yield from reads(part, statement)


@contextmanager
def explained(said: Callable[[Read], object]) -> Iterator[None]:
    """Tell every read of every statement of this connection, those of triggers too."""

    def told(notice: Any) -> None:
        _, found, plan = notice.message_primary.partition("plan:\n")
        if found:
            decoded = msgspec.json.decode(plan)
            for read in reads(decoded["Plan"], decoded["Query Text"]):
                said(read)

    driver = connection.connection
    driver.add_notice_handler(told)
    try:
        yield
    finally:
        driver.remove_notice_handler(told)


@pytest.fixture(scope="module")
def market(django_db_setup: None, django_db_blocker: Any) -> Iterator[datetime]:
    """A large market in a transaction that is rolled back: the tests after this one find an empty database."""
    del django_db_setup
    now = datetime.now(UTC)
    with django_db_blocker.unblock():
        clock.forget()
        with transaction.atomic():
            many.fill(SIZE, now=now)
            many.analyze(vacuum=False)
            _explain_everything()
            yield now
            transaction.set_rollback(True)
        many.forget_what_was_rolled_back()
        connection.close()  # and with it what was set


def _explain_everything() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOAD 'auto_explain'")
        for name, value in (
            ("log_min_duration", "0"), ("log_analyze", "on"), ("log_timing", "off"), ("log_format", "json"),
            ("log_nested_statements", "on"), ("log_level", "notice"),
        ):  # fmt: skip
            cursor.execute(f"SET auto_explain.{name} = '{value}'")


def what_is_wrong(deed: Deed, asked: dict[str, int] | None = None) -> list[str]:
    """Do it, and take it back; ``asked`` gets how many statements that were."""
    found: dict[str, Read] = {}

    def look(read: Read) -> None:
        if why := read.refused(MORE.get(deed.name, MOST)):
            found.setdefault(f"{deed.name}: {why}", read)

    with transaction.atomic():
        prepared = deed.prepare()
        reset_queries()  # Django keeps the last 9,000: after them every page would seem to ask nothing
        with explained(look), CaptureQueriesContext(connection) as captured:
            deed.act(prepared)
        transaction.set_rollback(True)
    if asked is not None:
        asked[deed.name] = len(captured)
    return [f"{words}\n    {read.statement[:1500]}" for words, read in found.items()]


FAMILIES: Mapping[str, Callable[[datetime], Iterator[Deed]]] = {
    "apis": lambda _: everything.apis(everything.facts_of(SIZE)),
    "directories": lambda _: directory_deeds(everything.facts_of(SIZE)),
    "reactions": lambda now: everything.reactions(SIZE, now),
    "timers": lambda now: everything.timers(SIZE, now),
    "deliveries": lambda now: everything.deliveries(SIZE, now),
    "engine": everything.engine,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_no_statement_reads_a_growing_table(market: datetime, family: str) -> None:
    wrong = [words for deed in FAMILIES[family](market) for words in what_is_wrong(deed)]
    assert not wrong, "\n".join(["", *wrong])


def test_no_page_reads_a_growing_table_or_asks_often(market: datetime) -> None:
    """Every list is full here, so a query for each of its 25 rows would show."""
    del market
    asked: dict[str, int] = {}
    deeds = list(everything.pages(SIZE, everything.facts_of(SIZE)))
    pages = {deed.name: deed for deed in deeds}
    assert len(pages) == len(deeds), "of two of one name one would not be asked"
    wrong = [words for deed in pages.values() for words in what_is_wrong(deed, asked)]
    assert not wrong, "\n".join(["", *wrong])
    often = {name: number for name, number in asked.items() if number > MOST_QUESTIONS and name.startswith("GET")}
    assert often == {}


OF_ONE_BINDING = {"applications_authorisation": 1_000, "applications_sync": 100}
"""Here all of these are of one binding, so that its index finds nothing: rows that may be read of them all the same."""
EVERYBODY_IS_TOLD = ("SyncResendRequested", "applications_authorisation")
"""What a seller knows is forgotten of each person, so that all are sent again; then the next are looked for like those that changed."""


def test_neither_its_people_nor_its_runs_are_read_to_say_what_a_seller_is_to_be_told(market: datetime) -> None:
    """joint.md §8: what a seller is told next is what differs, be it one of a hundred thousand people."""
    pages = everything.pages(SIZE, everything.facts_of(SIZE))
    deeds = [
        deed for deed in pages if deed.name.endswith(("<int:pk>/unbind/", "<int:pk>/authorise/", "/applications/"))
    ]
    # A hundred members that changed are looked up by their keys; of a table as small as here PostgreSQL rather reads all for that.
    reactions = [deed for deed in everything.reactions(SIZE, market) if not deed.name.startswith("MembersChanged")]
    deeds += [deed for deed in reactions if "web.joint" in deed.name]
    assert len(deeds) > 6
    wrong: set[str] = set()

    def look(read: Read) -> None:
        forgets = (deed.name.partition(" ")[0], read.table) == EVERYBODY_IS_TOLD and read.statement.startswith("UPDATE")
        if read.rows > OF_ONE_BINDING.get(read.table, read.rows) and not forgets:
            wrong.add(f"{deed.name}: {read.rows:,.0f} rows of {read.table} ({read.how})\n    {read.statement[:600]}")

    for deed in deeds:
        with transaction.atomic():
            prepared = deed.prepare()
            with explained(look):
                deed.act(prepared)
            transaction.set_rollback(True)
    assert not wrong, "\n".join(["", *wrong])


def test_the_totals_are_planned_for_the_few_entries_since_the_sums(market: datetime) -> None:
    """It read few all the same; but PostgreSQL took a third of the ledger to be later, and two more processes to sum that up."""
    del market
    with CaptureQueriesContext(connection) as captured:
        totals.books()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {captured[-1]['sql']}")
        [[plan]] = cursor.fetchone()
    [entries] = [node for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "payments_entry"]
    assert (entries["Node Type"], entries["Plan Rows"] < MOST) == ("Index Scan", True), entries


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def test_the_books_of_the_large_market_balance(market: datetime) -> None:
    """Or else what is explained here would be no market."""
    del market
    assert ledger.verify().problems == ()


def test_a_scan_and_a_long_walk_are_seen(market: datetime) -> None:
    """The test itself can fail."""
    from tradepost.market.orders.models import Order

    del market
    scan = Deed("scan", lambda _: Order.objects.filter(currency="EUR").count())
    walk = Deed("walk", lambda _: Order.objects.filter(currency="EUR").order_by("-id")[:1].count() or list(
        Order.objects.filter(currency="EUR", pk__gt=SIZE.orders - 5000).order_by("-id")[:1]
    ))  # fmt: skip
    assert "reads all of orders_order" in what_is_wrong(scan)[0]
    assert any("reads 5,000 rows of orders_order (Index Scan" in words for words in what_is_wrong(walk))
