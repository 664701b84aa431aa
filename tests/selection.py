"""Decide which collected tests belong to this run, by its kind (``tests/sampling.py``) and its database."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from tests import sampling

SECOND_RUN = "TRADEPOST_TEST_SECOND_RUN"
"""Set if the main run on PostgreSQL has finished and this run on SQLite only adds to it."""
ON_BOTH = ("tests/journeys/", "tests/cli/", "tests/chaos/", "tests/interop/", "tests/market/base/")
"""Programs, journeys and the database layer: CI runs them on both databases."""


def select(items: Sequence[pytest.Item], database: str) -> list[pytest.Item]:
    """Return the tests to run, in their order. See docs/decisions/0079."""
    other = "postgres" if database == "sqlite" else "sqlite"
    chosen = [item for item in items if not _has(item, other) and _is_of_this_kind(item)]
    if os.environ.get(SECOND_RUN):
        chosen = [item for item in chosen if _adds_to_the_main_run(item)]
    return chosen


def _is_of_this_kind(item: pytest.Item) -> bool:
    if sampling.SOAK:
        return True
    if _has(item, "soak"):
        return False
    if _has(item, "slow"):
        return not sampling.SELECTION or (sampling.IN_CI and sampling.has_turn(unit(item), sampling.TURN))
    return True


def _adds_to_the_main_run(item: pytest.Item) -> bool:
    if _has(item, "sqlite"):
        return True
    if sampling.SELECTION == "short" or not uses_a_database(item):
        return False
    if not sampling.IN_CI or is_about_the_database(item):
        return True
    return sampling.has_turn(item.nodeid, sampling.TURN)


def uses_a_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return _has(item, "django_db") or "_django_db_helper" in fixtures or item.nodeid.startswith(ON_BOTH)


def is_about_the_database(item: pytest.Item) -> bool:
    """Return whether the result may depend on the database: tests with their own transactions, programs, journeys."""
    own_transactions = any(mark.kwargs.get("transaction") for mark in item.iter_markers("django_db"))
    return own_transactions or item.nodeid.startswith(ON_BOTH)


def unit(item: pytest.Item) -> str:
    """Return the unit that is selected as a whole: the file for browser tests, which share a market, else the test."""
    return item.nodeid.partition("::")[0] if _has(item, "browser") else item.nodeid


def _has(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None
