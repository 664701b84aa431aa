"""Imports stand inside the fixtures: pytest loads this file before Django is set up when the folder is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.market.open_api.asking import Shop


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    """What a process remembers of callers belongs to one test."""
    from tradepost.market.open_api import throttle

    throttle.lockout.cache_clear()
    throttle.rate_limit.cache_clear()
    yield
    throttle.lockout.cache_clear()
    throttle.rate_limit.cache_clear()


@pytest.fixture
def shop(db: None, settings) -> Shop:
    from tests.market.open_api.asking import ADDRESS, HOST, Shop
    from tradepost.market import seed
    from tradepost.market.base import clock

    settings.ALLOWED_HOSTS = [HOST]
    return Shop(seed.load(clock.now(), seller_address=ADDRESS))
