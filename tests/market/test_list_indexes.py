"""issue 27, must show 3: a filter of a list reads as many rows in a market of 1,000,000 orders as in one of 10,000.

`python -m bench lists` found each of these: the list read everything of its owner to find a rare value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.market.plans import plan
from tradepost.market.compute.lifecycle import ACTIVE_STATUSES
from tradepost.market.compute.models import Server
from tradepost.market.images.models import PeriodImage
from tradepost.market.payments.intent_models import OPEN_STATUSES, Intent
from tradepost.market.production.models import Call
from tradepost.market.review.kinds.exit import unfinished_business
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
"""PostgreSQL uses any index of an empty table; the plan is tested as in a large market."""

LISTS: dict[str, Callable[[], QuerySet[Any]]] = {
    "call_seller_address": lambda: Call.objects.filter(seller=factories.make_seller(), address=7),
    "intent_open_of_seller": lambda: Intent.objects.filter(seller=factories.make_seller(), status__in=OPEN_STATUSES),
    "period_image_buyer_open": lambda: PeriodImage.objects.filter(
        buyer=factories.make_buyer(), status__in=["bound", "idle"]
    ),
    "server_buyer_living": lambda: Server.objects.filter(buyer=factories.make_buyer(), status__in=ACTIVE_STATUSES),
    "subscription_buyer_status": lambda: Subscription.objects.filter(
        buyer=factories.make_buyer(), status=Subscription.Status.FAILED
    ),
}


@pytest.mark.parametrize("index", LISTS)
def test_filter_has_its_own_index(index: str) -> None:
    assert index in plan(LISTS[index]().order_by("-pk")[:21])


def test_services_that_block_an_exit_are_counted_without_ended_ones() -> None:
    """The page of an exit used to read all services of the seller that were ever released."""
    seller = factories.make_seller()
    with CaptureQueriesContext(connection) as captured:
        assert list(unfinished_business(seller)) == []
    [counted] = [query["sql"] for query in captured if '"subscriptions_subscription"' in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {counted}")
        steps = [step for *_, step in cursor.fetchall() if "subscriptions_subscription" in step]
    assert len(steps) == len(Subscription.Status) - 2
    assert all("subscription_seller_status (seller_id=? AND status=?)" in step for step in steps), steps
