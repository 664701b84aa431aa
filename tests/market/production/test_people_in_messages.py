"""What stood of people in messages of authSync before they were hidden is emptied by the migration; other messages stay."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from tests.factories import NOW, make_address, make_seller
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.retention import EMPTIED

pytestmark = pytest.mark.django_db
empty = import_module("tradepost.market.production.migrations.0012_people_in_messages").empty


def sent(kind: str, purpose: str) -> Attempt:
    address = make_address(make_seller())
    call = Call.objects.create(
        seller=address.seller, address=address, protocol="joint_kit_v2", kind=kind, activity="a", purpose=purpose,
        command={}, created_at=NOW, due_at=NOW,
    )  # fmt: skip
    return Attempt.objects.create(call=call, number=1, started_at=NOW, request_body="张三", response_body="{}")


def test_people_are_emptied_and_nothing_else() -> None:
    of_people, tried, other = sent("SyncAuth", "sync"), sent("SyncAuth", "debug"), sent("SyncTenant", "sync")
    empty(apps, None)
    kept = {one.pk: one.request_body for one in Attempt.objects.all()}
    assert kept == {of_people.pk: EMPTIED, tried.pk: "张三", other.pk: "张三"}
