"""What a program tried at the market's APIs is noted for its own seller alone, and no license is made of it (saas-v1-license C1, C2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOW
from tradepost.market.debugging.api_trials import (
    MOST_EVENTS,
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


def asks(event: str) -> GetLicenseAsync:
    return GetLicenseAsync(instance_id="i", event_id=event, effective_at=NOW, expires_at=None, test=True)


def upload(event: str, **more: str) -> TriedUpload:
    return TriedUpload(event_id=event, sha256="0" * 64, size=3, **more)


def test_an_event_takes_a_text_and_a_file_of_its_own_seller() -> None:
    own, other = factories.make_seller().pk, factories.make_seller().pk
    assert take_upload(own, upload("e1"), now=NOW) is False, "no test call named it"
    open_event(own, asks("e1"), now=NOW)
    open_event(own, Release(instance_id="i", test=True), now=NOW)
    assert (is_test_event(own, "e1"), is_test_event(other, "e1")) == (True, False)
    assert take_upload(other, upload("e1"), now=NOW) is False
    for _ in range(2):
        assert take_upload(own, upload("e1"), now=NOW)
        assert take_upload(own, upload("e1", file_name="l.lic"), now=NOW)
    assert sorted((one.what, one.file_name) for one in trials_of(own)) == [
        ("event", ""),
        ("file", "l.lic"),
        ("text", ""),
    ]
    assert trials_of(other) == []


def test_the_oldest_event_goes_with_its_uploads_and_queries_stay() -> None:
    own = factories.make_seller().pk
    note_order_query(own, "MOCKPERIODYEARNEW", now=NOW)
    open_event(own, asks("first"), now=NOW)
    take_upload(own, upload("first"), now=NOW)
    for n in range(MOST_EVENTS):
        open_event(own, asks(f"e{n}"), now=NOW + timedelta(minutes=n + 1))
    assert not is_test_event(own, "first")
    assert ApiTrial.objects.filter(seller=own, about="first").count() == 0
    assert ApiTrial.objects.filter(seller=own).count() == MOST_EVENTS + 1


def test_a_query_is_noted_once_with_its_first_time() -> None:
    own = factories.make_seller().pk
    for hours in (0, 5):
        note_order_query(own, "MOCKPERIODYEARNEW", now=NOW + timedelta(hours=hours))
    assert [(one.about, one.at) for one in trials_of(own)] == [("MOCKPERIODYEARNEW", NOW)]
