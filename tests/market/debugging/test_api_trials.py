"""Trials of the market's APIs are recorded for their own seller only and create no license (saas-v1-license C1, C2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOW
from tradepost.market.debugging.api_trials import (
    MAX_EVENTS,
    TriedUpload,
    is_test_event,
    note_order_query,
    open_event,
    take_upload,
    trials_of,
)
from tradepost.market.debugging.models import ApiTrial
from tradepost.protocols.commands import GetLicenseAsync, Release

pytestmark = pytest.mark.django_db


def query_for(event: str) -> GetLicenseAsync:
    return GetLicenseAsync(instance_id="i", event_id=event, effective_at=NOW, expires_at=None, test=True)


def upload_for(event: str, **more: str) -> TriedUpload:
    return TriedUpload(event_id=event, sha256="0" * 64, size=3, **more)


def test_event_accepts_a_text_and_a_file_of_its_own_seller() -> None:
    seller_id, other_seller_id = factories.make_seller().pk, factories.make_seller().pk
    assert take_upload(seller_id, upload_for("e1"), now=NOW) is False, "no test call has this event"
    open_event(seller_id, query_for("e1"), now=NOW)
    open_event(seller_id, Release(instance_id="i", test=True), now=NOW)
    assert (is_test_event(seller_id, "e1"), is_test_event(other_seller_id, "e1")) == (True, False)
    assert take_upload(other_seller_id, upload_for("e1"), now=NOW) is False
    for _ in range(2):
        assert take_upload(seller_id, upload_for("e1"), now=NOW)
        assert take_upload(seller_id, upload_for("e1", file_name="l.lic"), now=NOW)
    assert sorted((trial.what, trial.file_name) for trial in trials_of(seller_id)) == [
        ("event", ""),
        ("file", "l.lic"),
        ("text", ""),
    ]
    assert trials_of(other_seller_id) == []


def test_oldest_event_is_deleted_with_its_uploads_and_queries_stay() -> None:
    seller_id = factories.make_seller().pk
    note_order_query(seller_id, "MOCKPERIODYEARNEW", now=NOW)
    open_event(seller_id, query_for("first"), now=NOW)
    take_upload(seller_id, upload_for("first"), now=NOW)
    for n in range(MAX_EVENTS):
        open_event(seller_id, query_for(f"e{n}"), now=NOW + timedelta(minutes=n + 1))
    assert not is_test_event(seller_id, "first")
    assert ApiTrial.objects.filter(seller=seller_id, about="first").count() == 0
    assert ApiTrial.objects.filter(seller=seller_id).count() == MAX_EVENTS + 1


def test_query_is_recorded_once_with_its_first_time() -> None:
    seller_id = factories.make_seller().pk
    for hours in (0, 5):
        note_order_query(seller_id, "MOCKPERIODYEARNEW", now=NOW + timedelta(hours=hours))
    assert [(trial.about, trial.at) for trial in trials_of(seller_id)] == [("MOCKPERIODYEARNEW", NOW)]
