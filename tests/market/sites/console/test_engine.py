"""The engine page shows events that this release cannot read."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_operator
from tradepost.market.base import outbox
from tradepost.market.base.models import Event
from tradepost.market.wiring import REACTIONS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", ("Tried once. Happened", "Stored in version 9")), ("zh-hans", ("已试 1 次", "存储格式第 9 版"))],
)
def test_event_of_a_later_release_is_shown_with_the_reason(language: str, expected: tuple[str, ...]) -> None:
    Event.objects.create(name="order_paid", facts={"v": 9, "order": "CS1"}, due_at=NOW, created_at=NOW)
    Event.objects.create(name="parcel_sent", facts={"v": 1}, due_at=NOW, created_at=NOW)
    assert outbox.dispatch(REACTIONS, now=NOW) == 2
    client = Client()
    client.force_login(make_operator())
    page = " ".join(
        client.get(reverse("console:engine"), headers={"Accept-Language": language}).content.decode().split()
    )
    for words in (
        *expected,
        "OrderPaid was stored as version 9; this release knows 1 to 1",
        "this release has no event &#x27;parcel_sent&#x27;; a later one may have written it",
    ):
        assert words in page
    assert Event.objects.count() == 2
