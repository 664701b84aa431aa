"""Uploads for the event of a test call are checked like a license, recorded and not stored; an application has priority
(openapi-jointkit §C.7, joint.md §5).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests import factories
from tests.factories import NOW
from tests.market.fulfilment.services import service
from tradepost.market.base.files import Files
from tradepost.market.debugging.api_trials import open_event, trials_of
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.licenses.request import request_license
from tradepost.market.open_api.license_events import check_event, deliver_upload
from tradepost.protocols.commands import GetLicenseAsync
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.upload import FileUpload, TextUpload

pytestmark = pytest.mark.django_db
EVENT = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"


def open_test_event(seller_id: int, event: str = EVENT) -> None:
    open_event(seller_id, GetLicenseAsync(instance_id="i", event_id=event, effective_at=NOW, test=True), now=NOW)


def test_text_and_file_are_recorded_by_hash_and_not_stored(tmp_path: Path) -> None:
    seller, files = factories.make_seller().pk, Files(tmp_path / "files")
    with pytest.raises(ApiRefused):
        check_event(seller, EVENT)
    open_test_event(seller)
    check_event(seller, EVENT, sha256="0" * 64)
    content = b"\0license"
    upload_path = tmp_path / "came"
    upload_path.write_bytes(content)
    content_hash = hashlib.sha256(content).hexdigest()
    file = FileUpload(event_id=EVENT, file_name="l.lic", path=upload_path, size=len(content), sha256=content_hash)
    deliver_upload(seller, file, files=files, now=NOW)
    deliver_upload(seller, TextUpload(event_id=EVENT, characters="许可"), files=files, now=NOW)
    trials = {
        trial.what: (trial.file_name, trial.sha256, trial.size) for trial in trials_of(seller) if trial.what != "event"
    }
    assert trials == {"file": ("l.lic", content_hash, 8), "text": ("", hashlib.sha256("许可".encode()).hexdigest(), 6)}
    assert (files.has(content_hash), LicenseRequest.objects.count()) == (False, 0)


def test_invalid_license_text_is_refused_and_not_recorded(tmp_path: Path) -> None:
    seller = factories.make_seller().pk
    open_test_event(seller)
    with pytest.raises(ApiRefused) as error:
        deliver_upload(seller, TextUpload(event_id=EVENT, characters="a\0b"), files=Files(tmp_path), now=NOW)
    assert error.value.error.code == "91381037"
    assert [trial.what for trial in trials_of(seller)] == ["event"]


def test_test_call_with_the_event_of_an_application_does_not_take_its_license(tmp_path: Path) -> None:
    subscription = service()
    application = request_license(subscription, "M1", actor="x", now=NOW)
    open_test_event(subscription.seller_id, application.event_id)
    LicenseRequest.objects.update(status="promised")
    deliver_upload(
        subscription.seller_id,
        TextUpload(event_id=application.event_id, characters="the license"),
        files=Files(tmp_path),
        now=NOW,
    )
    assert LicenseRequest.objects.get().status == "delivered"
    assert [trial.what for trial in trials_of(subscription.seller_id)] == ["event"]
