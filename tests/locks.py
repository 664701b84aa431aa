"""Record the order in which each test on PostgreSQL locks tables, and compare it with the one lock order.

Two transactions that lock the same tables in the same order cannot deadlock. A lock that does not wait (``SKIP
LOCKED``) may come late, but locks after it are compared with it. A row that the transaction inserted is not yet visible
to others. Tables are compared, not rows: the rows of one table are locked by primary key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

ORDER = (
    "approvals_request",
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
    # Authorisations and their synchronisation are only locked by a transaction that holds the binding.
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
    "payments_withdrawal",
    "payments_account",
)
"""The one lock order (ARCHITECTURE.md). Tables that are missing here are never locked after another table."""
TIMERS = "base_job"

_PLACE = {table: place for place, table in enumerate(ORDER)}
_FROM = re.compile(r'\b(?:FROM|JOIN)\s+"?(\w+)"?', re.IGNORECASE)
_FOR = re.compile(r'\bFOR (?:NO KEY )?UPDATE(?:\s+OF\s+((?:"?\w+"?(?:,\s*)?)+?))?(?=\s+(?:SKIP|NOWAIT)|\s*\)|\s*$)(\s+SKIP LOCKED)?', re.IGNORECASE)  # fmt: skip
_WRITES = re.compile(r'\b(UPDATE|DELETE FROM|INSERT INTO)\s+"?(\w+)"?', re.IGNORECASE)
_NAME = re.compile(r"\w+")


class Recorder:
    """Locks of the transaction that is open on one connection."""

    def __init__(self) -> None:
        self.locked: dict[str, str] = {}
        """Table → the statement that locked it first."""
        self.inserted: set[str] = set()
        """Tables into which the transaction inserted a row, and the timer that runs in it. Another transaction that
        wants that row waits for it before it locks the same tables."""
        self.errors: list[str] = []
        self._outermost = ""

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        if text.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")):
            self._follow_transaction(*text.rsplit(" ", 1))
        elif self._outermost:
            self._record_locks(text)
        return execute(sql, params, many, context)

    def _follow_transaction(self, act: str, name: str) -> None:
        """Start or end the recorded transaction. The test itself is a transaction, so the first savepoint in it begins
        one of the market."""
        if act == "SAVEPOINT" and not self._outermost:
            self.locked, self.inserted, self._outermost = {}, set(), name
        elif act != "SAVEPOINT" and name == self._outermost:
            self._outermost = ""

    def _record_locks(self, text: str) -> None:
        for match in _FOR.finditer(text):
            tables = _NAME.findall(match[1]) if match[1] else _FROM.findall(text[: match.start()])
            for table in tables:
                self._lock(table, text, waits=not match[2])
        for act, table in _WRITES.findall(text):
            self._lock(table, text, waits=act.upper() != "INSERT INTO")

    def _lock(self, table: str, text: str, *, waits: bool) -> None:
        if table not in _PLACE or table in self.locked or table in self.inserted:
            return
        if not waits and (table == TIMERS or text.lstrip().startswith("INSERT")):
            self.inserted.add(table)
            return
        later = [name for name in self.locked if _PLACE[name] > _PLACE[table]]
        if waits and later:
            before = "; ".join(f"{name} by: {self.locked[name][:300]}" for name in later)
            self.errors.append(f"{table} is locked by: {text[:300]}\n  after {before}")
        self.locked[table] = text


@contextmanager
def recorded() -> Iterator[Recorder]:
    recorder = Recorder()
    with connection.execute_wrapper(recorder):
        yield recorder
