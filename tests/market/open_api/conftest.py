"""Imports are inside the fixtures: pytest loads this file before Django is set up when the folder is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.market.open_api.asking import Shop
    from tradepost.market.seed import SeedResult


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    """Reset the rate limits that a process remembers."""
    from tradepost.market.open_api import throttle

    throttle.rate_limit.cache_clear()
    yield
    throttle.rate_limit.cache_clear()


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[SeedResult]:
    """The demo's drafts, created once per module."""
    from tests.market.kept import kept_rows
    from tests.market.open_api.asking import ADDRESS
    from tradepost.market import seed
    from tradepost.market.base import clock

    del django_db_setup
    with kept_rows(django_db_blocker):
        clock.forget_offset()
        # Listing the whole demo takes a second, so ``buy`` lists only the products that it buys.
        yield seed.load(clock.now(), seller_address=ADDRESS)


@pytest.fixture
def shop(seeded: SeedResult, db: None, settings) -> Shop:
    from tests.market.open_api.asking import HOST, Shop

    settings.ALLOWED_HOSTS = [HOST]
    return Shop(seeded)
