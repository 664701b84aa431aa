"""Decide which collected tests belong to this run, by its kind (``tests/sampling.py``) and its database."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tests import sampling

SECOND_RUN = "TRADEPOST_TEST_SECOND_RUN"
"""Set if the main run on PostgreSQL has finished and this run on SQLite only adds to it."""
PART = "TRADEPOST_TEST_PART"
"""Part of a soak, such as ``3/8``. A run without it has all parts."""
ON_BOTH = ("tests/journeys/", "tests/cli/", "tests/chaos/", "tests/interop/", "tests/market/base/")
"""Programs, journeys and the database layer: the gate runs them on both databases."""
SLOW_IN_GATE = (
    "tests/browser/test_buying.py::test_buyer_gets_an_account_and_signs_in_with_it[zh-hans]",
    "tests/browser/test_desk.py::test_electronic_invoice_is_saved_by_the_buyer[en]",
    "tests/browser/test_entering.py::test_company_is_rejected_corrects_and_is_admitted",
    "tests/browser/test_joint.py::test_member_signs_in_to_the_application_until_withdrawn",
    "tests/chaos/test_zombie.py::test_worker_that_wakes_up_after_its_lease_changes_nothing",
    "tests/journeys/test_real_market.py::test_real_market_opens_and_sells_from_a_private_server",
)
"""The slow tests that the gate runs, on the main database: a browser journey for each role, a real market and a worker
that is killed. Beginnings of their ids. A test that joins this list must take its cost away elsewhere."""


def select(items: Sequence[pytest.Item], database: str) -> list[pytest.Item]:
    """Return the tests to run, in their order. See docs/decisions/0116."""
    other = "postgres" if database == "sqlite" else "sqlite"
    chosen = [item for item in items if not _has(item, other) and _is_of_this_kind(item) and _is_of_this_part(item)]
    if os.environ.get(SECOND_RUN):
        chosen = [item for item in chosen if _adds_to_the_main_run(item)]
    return chosen


def _is_of_this_kind(item: pytest.Item) -> bool:
    if sampling.SOAK:
        return True
    if _has(item, "soak"):
        return False
    if _has(item, "slow") and sampling.GATE:
        return item.nodeid.startswith(SLOW_IN_GATE)
    return True


def _is_of_this_part(item: pytest.Item) -> bool:
    part, _, count = os.environ.get(PART, "").partition("/")
    return not part or sampling.rank(item.nodeid.partition("::")[0]) % int(count) == int(part) - 1


def _adds_to_the_main_run(item: pytest.Item) -> bool:
    if _has(item, "sqlite"):
        return True
    if not uses_a_database(item):
        return False
    return not sampling.GATE or (is_about_the_database(item) and not _has(item, "slow"))


def uses_a_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return _has(item, "django_db") or "_django_db_helper" in fixtures or item.nodeid.startswith(ON_BOTH)


def is_about_the_database(item: pytest.Item) -> bool:
    """Return whether the result may depend on the database: tests with their own transactions, programs, journeys."""
    own_transactions = any(mark.kwargs.get("transaction") for mark in item.iter_markers("django_db"))
    return own_transactions or item.nodeid.startswith(ON_BOTH)


def _has(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None
