"""How much is read for the probes of joint products: their interfaces and applications are found by indexes, and put together page by
page."""

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
from tradepost.market import wiring
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.probes import closing, scope, seller_queries
from tradepost.market.probes.models import ProbeRun, ProbeSlot
from tradepost.market.production.models import Binding

pytestmark = pytest.mark.django_db


def test_a_slot_is_judged_in_as_many_questions_however_many_joint_products_there_are() -> None:
    seller = joint_product().seller
    its = market()
    its.until(at(12))

    def questions() -> int:
        slot = ProbeSlot.objects.filter(closed_at__isnull=False).latest("pk")
        with CaptureQueriesContext(connection) as captured:
            seen = closing.look(slot, list(Product.objects.values_list("pk", flat=True)), watch=wiring._watch())
        assert {one.cases for one in seen.values()} == {10}
        return len(captured)

    few = questions()
    for _ in range(3):
        joint_product(seller)
    its.until(NIGHT)
    assert questions() == few


@pytest.mark.postgres
@pytest.mark.parametrize("what", ["cases", "products", "history"])
def test_what_is_asked_judged_and_shown_is_found_by_indexes(what: str) -> None:
    """Where a market is large: PostgreSQL scans a small table rather than use one, so that here it may not."""
    application = joint_product()
    watch, its = wiring._watch(), market()
    its.until(NIGHT)
    addresses = [Binding.objects.get().address_id, application.address_id]
    ask: dict[str, Callable[[], list[Any]]] = {
        "cases": lambda: scope.cases_after(0, 101, watch=watch),
        "products": lambda: scope.products_after(0, 100, watch=watch),
        "history": lambda: seller_queries.history(addresses).rows,
    }
    with CaptureQueriesContext(connection) as captured:
        assert len(ask[what]()) == {"cases": 10, "products": 1, "history": 20}[what]
    asked = [one["sql"] for one in captured.captured_queries if "DEFERRED" not in one["sql"]]
    plans = []
    with connection.cursor() as cursor:
        for planner in ("seqscan", "sort", "hashjoin"):
            cursor.execute(f"SET LOCAL enable_{planner} = off")
        for statement in asked:
            cursor.execute(f"EXPLAIN {statement}")
            plans.append("\n".join(line for [line] in cursor.fetchall()))
    assert len(plans) == (2 if what == "history" else len(scope.SERVED))
    assert not [plan for plan in plans if "Seq Scan" in plan]
    if what == "history":
        assert all("probe_run_address" in plan for plan in plans), plans


def test_pages_of_cases_and_products_go_on_where_the_last_one_ended() -> None:
    """One statement for each way to be served, whose rows are put together."""
    applications = [joint_product() for _ in range(3)]
    watch = wiring._watch()
    every = scope.cases_after(0, 100, watch=watch)
    assert [one.pk for one in every] == list(DebugCase.objects.order_by("address", "pk").values_list("pk", flat=True))
    first = scope.cases_after(0, 7, watch=watch)
    assert first == every[:7]
    behind = first[-1].address_id
    assert scope.cases_after(behind, 100, watch=watch) == [one for one in every if one.address_id > behind]
    products = [product_of(one) for one in applications]
    assert scope.products_after(0, 2, watch=watch) == products[:2]
    assert scope.products_after(products[1].pk, 2, watch=watch) == products[2:]


def test_the_history_of_two_addresses_is_one_row_after_another_page_by_page() -> None:
    application = joint_product()
    its = market()
    its.until(NIGHT + 2 * DAY)
    addresses = [Binding.objects.get().address_id, application.address_id]
    seen: list[int] = []
    after = ""
    for _ in range(10):
        page = seller_queries.history(addresses, after=after)
        seen += [run.pk for run in page.rows]
        after = page.next_key
        if not after:
            break
    assert seen == sorted(ProbeRun.objects.values_list("pk", flat=True), reverse=True)
    assert len(seen) == 60


def test_a_slot_stops_in_time_for_nothing_of_the_kit() -> None:
    """saas-v2 §6: within the two hours, two seconds apart."""
    application = joint_product()
    its = market()
    its.until(at(9, 1))
    due = sorted(ProbeRun.objects.filter(address=application.address).values_list("due_at", flat=True))
    assert at(9) <= due[0] <= due[-1] <= at(11)
    assert {b - a for a, b in pairwise(due)} == {timedelta(seconds=2)}
