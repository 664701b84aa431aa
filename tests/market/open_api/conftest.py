"""Imports stand inside the fixtures: pytest loads this file before Django is set up when the folder is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.market.open_api.asking import Shop
    from tradepost.market.seed import SeedResult


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    """What a process remembers of callers belongs to one test."""
    from tradepost.market.open_api import throttle

    throttle.lockout.cache_clear()
    throttle.rate_limit.cache_clear()
    yield
    throttle.lockout.cache_clear()
    throttle.rate_limit.cache_clear()


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[SeedResult]:
    """The demo's drafts, once for the tests of a module."""
    from tests.market.kept import kept_rows
    from tests.market.open_api.asking import ADDRESS
    from tradepost.market import seed
    from tradepost.market.base import clock

    del django_db_setup
    with kept_rows(django_db_blocker):
        clock.forget()
        # To list all of the demo takes a second: ``buy`` lists what is bought.
        yield seed.load(clock.now(), seller_address=ADDRESS)


@pytest.fixture
def shop(seeded: SeedResult, db: None, settings) -> Shop:
    from tests.market.open_api.asking import HOST, Shop

    settings.ALLOWED_HOSTS = [HOST]
    return Shop(seeded)
