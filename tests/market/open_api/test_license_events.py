"""What comes for the event of a test call is judged as a license is, noted and not kept; an application goes before it
(openapi-jointkit §C.7, joint.md §5)."""

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
from tradepost.market.open_api.license_events import check_event, deliver
from tradepost.protocols.commands import GetLicenseAsync
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.upload import FileUpload, TextUpload

pytestmark = pytest.mark.django_db
EVENT = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"


def named(seller_id: int, event: str = EVENT) -> None:
    open_event(seller_id, GetLicenseAsync(instance_id="i", event_id=event, effective_at=NOW, test=True), now=NOW)


def test_text_and_file_are_noted_with_their_hashes_and_kept_nowhere(tmp_path: Path) -> None:
    seller, files = factories.make_seller().pk, Files(tmp_path / "files")
    with pytest.raises(ApiRefused):
        check_event(seller, EVENT)
    named(seller)
    check_event(seller, EVENT, sha256="0" * 64)
    content = b"\0license"
    came = tmp_path / "came"
    came.write_bytes(content)
    hashed = hashlib.sha256(content).hexdigest()
    file = FileUpload(event_id=EVENT, file_name="l.lic", path=came, size=len(content), sha256=hashed)
    deliver(seller, file, files=files, now=NOW)
    deliver(seller, TextUpload(event_id=EVENT, characters="许可"), files=files, now=NOW)
    noted = {one.what: (one.file_name, one.sha256, one.size) for one in trials_of(seller) if one.what != "event"}
    assert noted == {"file": ("l.lic", hashed, 8), "text": ("", hashlib.sha256("许可".encode()).hexdigest(), 6)}
    assert (files.has(hashed), LicenseRequest.objects.count()) == (False, 0)


def test_what_no_license_holds_is_refused_and_not_noted(tmp_path: Path) -> None:
    seller = factories.make_seller().pk
    named(seller)
    with pytest.raises(ApiRefused) as refused:
        deliver(seller, TextUpload(event_id=EVENT, characters="a\0b"), files=Files(tmp_path), now=NOW)
    assert refused.value.error.code == "91381037"
    assert [one.what for one in trials_of(seller)] == ["event"]


def test_a_test_call_that_names_the_event_of_an_application_takes_nothing_from_its_buyer(tmp_path: Path) -> None:
    held = service()
    applied = request_license(held, "M1", actor="x", now=NOW)
    named(held.seller_id, applied.event_id)
    LicenseRequest.objects.update(status="promised")
    deliver(
        held.seller_id, TextUpload(event_id=applied.event_id, characters="the license"), files=Files(tmp_path), now=NOW
    )
    assert LicenseRequest.objects.get().status == "delivered"
    assert [one.what for one in trials_of(held.seller_id)] == ["event"]
