"""Queries for the probes of joint products: interfaces and applications are found by indexes and combined page by page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.market.probes.joint import joint_product, product_of
from tests.market.probes.watching import (
    DAY,
    NIGHT,
    at,
    market,
)
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.probes import closing, scope, seller_queries
from tradepost.market.probes.models import ProbeRun, ProbeSlot
from tradepost.market.production.models import Binding
from tradepost.market.web.watching import watch as watch_rules

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_slot_verdict_takes_the_same_queries_for_any_number_of_joint_products() -> None:
    seller = joint_product().seller
    its = market()
    its.until(at(12))

    def count_queries() -> int:
        slot = ProbeSlot.objects.filter(closed_at__isnull=False).latest("pk")
        with CaptureQueriesContext(connection) as captured:
            results = closing.results_of(slot, list(Product.objects.values_list("pk", flat=True)), watch=watch_rules())
        assert {result.cases for result in results.values()} == {10}
        return len(captured)

    few = count_queries()
    for _ in range(3):
        joint_product(seller)
    its.until(NIGHT)
    assert count_queries() == few


@pytest.mark.postgres
@pytest.mark.parametrize("query_name", ["cases", "products", "history"])
def test_probe_queries_use_indexes(query_name: str) -> None:
    """In a large market. PostgreSQL scans a small table rather than use an index, so scans are disabled here."""
    application = joint_product()
    watch, its = watch_rules(), market()
    its.until(NIGHT)
    addresses = [Binding.objects.get().address_id, application.address_id]
    ask: dict[str, Callable[[], list[Any]]] = {
        "cases": lambda: scope.cases_after(0, 101, watch=watch),
        "products": lambda: scope.products_after(0, 100, watch=watch),
        "history": lambda: seller_queries.history(addresses).rows,
    }
    with CaptureQueriesContext(connection) as captured:
        assert len(ask[query_name]()) == {"cases": 10, "products": 1, "history": 20}[query_name]
    statements = [query["sql"] for query in captured.captured_queries if "DEFERRED" not in query["sql"]]
    plans = []
    with connection.cursor() as cursor:
        for planner in ("seqscan", "sort", "hashjoin"):
            cursor.execute(f"SET LOCAL enable_{planner} = off")
        for statement in statements:
            cursor.execute(f"EXPLAIN {statement}")
            plans.append("\n".join(line for [line] in cursor.fetchall()))
    assert len(plans) == (2 if query_name == "history" else len(scope.SERVING_RELATIONS))
    assert not [plan for plan in plans if "Seq Scan" in plan]
    if query_name == "history":
        assert all("probe_run_address" in plan for plan in plans), plans


def test_pages_of_cases_and_products_continue_after_the_last_row() -> None:
    """One statement for each way to be served; their rows are combined."""
    applications = [joint_product() for _ in range(3)]
    watch = watch_rules()
    every = scope.cases_after(0, 100, watch=watch)
    assert [one.pk for one in every] == list(DebugCase.objects.order_by("address", "pk").values_list("pk", flat=True))
    first = scope.cases_after(0, 7, watch=watch)
    assert first == every[:7]
    behind = first[-1].address_id
    assert scope.cases_after(behind, 100, watch=watch) == [one for one in every if one.address_id > behind]
    products = [product_of(one) for one in applications]
    assert scope.products_after(0, 2, watch=watch) == products[:2]
    assert scope.products_after(products[1].pk, 2, watch=watch) == products[2:]


@pytest.mark.slow
def test_history_of_two_addresses_is_merged_in_order_page_by_page() -> None:
    application = joint_product()
    its = market()
    its.until(NIGHT + 2 * DAY)
    addresses = [Binding.objects.get().address_id, application.address_id]
    rows: list[int] = []
    after = ""
    for _ in range(10):
        page = seller_queries.history(addresses, after=after)
        rows += [run.pk for run in page.rows]
        after = page.next_key
        if not after:
            break
    assert rows == sorted(ProbeRun.objects.values_list("pk", flat=True), reverse=True)
    assert len(rows) == 60


def test_slot_has_time_for_all_cases_of_the_kit() -> None:
    """saas-v2 §6: within the two hours, two seconds apart."""
    application = joint_product()
    its = market()
    its.until(at(9, 1))
    due = sorted(ProbeRun.objects.filter(address=application.address).values_list("due_at", flat=True))
    assert at(9) <= due[0] <= due[-1] <= at(11)
    assert {b - a for a, b in pairwise(due)} == {timedelta(seconds=2)}
