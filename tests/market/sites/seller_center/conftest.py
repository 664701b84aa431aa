"""Two sellers with an owner each, and a browser signed in as the first one's owner. Imports are inside functions:
pytest may read this file before Django is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.market.sites.seller_center.shops import Shop


@pytest.fixture
def shop(db) -> Shop:
    from tests.market.sites.seller_center.shops import make_shop

    return make_shop()


@pytest.fixture
def other_shop(db) -> Shop:
    from tests.market.sites.seller_center.shops import make_shop

    return make_shop()


@pytest.fixture
def page(shop: Shop) -> Client:
    from tests.market.sites.seller_center.shops import enter

    return enter(shop.owner)
