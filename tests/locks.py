"""In which order a transaction locks rows: recorded of every test on PostgreSQL, and held against the one lock order.

Two transactions that lock the same tables in the same order never wait for each other in a circle. What waits for nobody
(``SKIP LOCKED``) may come late, but what is locked after it counts from there; a row that the transaction wrote itself is
nobody else's yet. Tables are told apart, rows are not: those of one table are locked by primary key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

ORDER = (
    "base_leasedjob",
    "identity_seller",
    "organisations_enterprise",
    "catalog_product",
    "catalog_version",
    "review_submission",
    "catalog_category",
    "catalog_spec",
    "catalog_sku",
    "catalog_offer",
    "subscriptions_subscription",
    # Who is authorised, and what is told of it, is locked by nobody who does not hold the binding.
    "applications_tenantbinding",
    "supervision_supervision",
    "fulfilment_operation",
    "production_call",
    "licenses_licenserequest",
    "licenses_licensecode",
    "base_job",
    "settlement_progress",
    "orders_order",
    "compute_server",
    "compute_task",
    "settlement_statement",
    "invoices_invoice",
    "orders_limituse",
    "catalog_stock",
    "metering_record",
    "metering_quota",
    "billing_accumulation",
    "billing_arrears",
    "payments_intent",
    "payments_providerfact",
    "payments_account",
)
"""The one lock order (ARCHITECTURE.md); tables that are not in it are locked by nobody who holds another."""
TIMERS = "base_job"

_PLACE = {table: place for place, table in enumerate(ORDER)}
_FROM = re.compile(r'\b(?:FROM|JOIN)\s+"?(\w+)"?', re.IGNORECASE)
_FOR = re.compile(r'\bFOR (?:NO KEY )?UPDATE(?:\s+OF\s+((?:"?\w+"?(?:,\s*)?)+?))?(?=\s+(?:SKIP|NOWAIT)|\s*\)|\s*$)(\s+SKIP LOCKED)?', re.IGNORECASE)  # fmt: skip
_WRITES = re.compile(r'\b(UPDATE|DELETE FROM|INSERT INTO)\s+"?(\w+)"?', re.IGNORECASE)
_NAME = re.compile(r"\w+")


class Recorder:
    """Of one connection: what the transaction that is open holds."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        """Table → the statement that locked it first."""
        self.own: set[str] = set()
        """Tables of which it wrote a new row, and the timer that runs in it: who else wants that row waits for it before
        the same others."""
        self.wrong: list[str] = []
        self._outermost = ""

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        if text.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")):
            self._turn(*text.rsplit(" ", 1))
        elif self._outermost:
            self._look(text)
        return execute(sql, params, many, context)

    def _turn(self, act: str, name: str) -> None:
        """A test runs in a transaction of its own, so that the first savepoint in it is what else is a transaction."""
        if act == "SAVEPOINT" and not self._outermost:
            self.held, self.own, self._outermost = {}, set(), name
        elif act != "SAVEPOINT" and name == self._outermost:
            self._outermost = ""

    def _look(self, text: str) -> None:
        for match in _FOR.finditer(text):
            tables = _NAME.findall(match[1]) if match[1] else _FROM.findall(text[: match.start()])
            for table in tables:
                self._lock(table, text, waits=not match[2])
        for act, table in _WRITES.findall(text):
            self._lock(table, text, waits=act.upper() != "INSERT INTO")

    def _lock(self, table: str, text: str, *, waits: bool) -> None:
        if table not in _PLACE or table in self.held or table in self.own:
            return
        if not waits and (table == TIMERS or text.lstrip().startswith("INSERT")):
            self.own.add(table)
            return
        later = [one for one in self.held if _PLACE[one] > _PLACE[table]]
        if waits and later:
            before = "; ".join(f"{one} by: {self.held[one][:300]}" for one in later)
            self.wrong.append(f"{table} is locked by: {text[:300]}\n  after {before}")
        self.held[table] = text


@contextmanager
def recorded() -> Iterator[Recorder]:
    recorder = Recorder()
    with connection.execute_wrapper(recorder):
        yield recorder
