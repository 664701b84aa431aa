"""The migration removes people from stored authSync messages that were not masked; other messages stay."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from tests.factories import NOW, make_address, make_seller
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.retention import EMPTIED_BODY

pytestmark = pytest.mark.django_db
empty = import_module("tradepost.market.production.migrations.from_0_1.0012_people_in_messages").empty


def make_attempt(kind: str, purpose: str) -> Attempt:
    address = make_address(make_seller())
    call = Call.objects.create(
        seller=address.seller, address=address, protocol="joint_kit_v2", kind=kind, activity="a", purpose=purpose,
        command={}, created_at=NOW, due_at=NOW,
    )  # fmt: skip
    return Attempt.objects.create(call=call, number=1, started_at=NOW, request_body="张三", response_body="{}")


def test_only_people_are_removed() -> None:
    of_people, tried, other = (
        make_attempt("SyncAuth", "sync"),
        make_attempt("SyncAuth", "debug"),
        make_attempt("SyncTenant", "sync"),
    )
    empty(apps, None)
    bodies = {attempt.pk: attempt.request_body for attempt in Attempt.objects.all()}
    assert bodies == {of_people.pk: EMPTIED_BODY, tried.pk: "张三", other.pk: "张三"}
