"""Upload of a license file by the API: checks of the headers, checks of the body; a refused upload stores nothing (§C.7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from tests.configured import changed
from tests.factories import make_buyer, make_member
from tests.market.open_api.asking import HOST
from tests.market.open_api.license_sender import (
    BOUNDARY,
    LARGE,
    MARKET,
    SMALL,
    Sender,
    b64,
    hash_of,
    request_location,
    send_piece,
    status_and_code,
)
from tradepost.market.assets.asset_models import Upload
from tradepost.market.assets.upload import WrongOffset
from tradepost.market.base import clock
from tradepost.market.base.config import Config, config
from tradepost.market.licenses import receive
from tradepost.market.licenses.license_files import folder, license_bytes, license_path
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.licenses.request import withdraw_request
from tradepost.market.open_api import license_upload, resumable_upload
from tradepost.market.sites.storefront import licenses
from tradepost.protocols.open_api.signing import UNSIGNED_PAYLOAD
from tradepost.protocols.open_api.upload import file_form, upload_path

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Config:
    """A separate data folder for this test, which checks all files in it."""
    settings.ALLOWED_HOSTS = [HOST]
    return with_settings(monkeypatch, config().model_copy(update={"data": tmp_path}))


def with_settings(monkeypatch: pytest.MonkeyPatch, own: Config, **settings: int) -> Config:
    changed_config = changed(own, **settings)
    for module in (license_upload, resumable_upload, licenses):
        monkeypatch.setattr(module, "config", lambda: changed_config)
    return changed_config


def stored_uploads(own: Config) -> tuple[list[Any], list[str]]:
    """Return everything that an upload can leave behind: requests with a license, and files."""
    license_files = [path.name for path in own.files.glob("licenses/??/*")]
    upload_files = [path.name for path in own.uploads.glob("*")]
    return list(LicenseRequest.objects.order_by("pk").values("status", "sha256", "sealed_license")), sorted(
        license_files + upload_files
    )


@pytest.fixture
def unchanged(own: Config) -> Iterator[None]:
    """Check that the test stored nothing."""
    sender = Sender()
    sender.apply_for_license()
    before = stored_uploads(own)
    yield
    after = stored_uploads(own)
    assert after[1] == before[1]
    assert all(row["sha256"] == "" for row in after[0])


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("stated", ["own", UNSIGNED_PAYLOAD, ""])
def test_file_is_accepted_with_each_way_of_signing(content: bytes, stated: str, own: Config) -> None:
    """§C.1: PayloadHash is the header's value, else the body's own hash."""
    sender = Sender()
    event = sender.apply_for_license().event_id
    assert status_and_code(sender.file(event, content, stated=stated)) == (200, "CBC.0000")
    request = LicenseRequest.objects.get()
    assert (request.status, request.file_name, request.sha256, request.size) == (
        "delivered", "许可.lic", hash_of(content), len(content)
    )  # fmt: skip
    path = license_path(request, folder(own.files))
    assert (path.read_bytes() if path else license_bytes(request)) == content
    assert (path is None) == (content == SMALL)
    upload = Upload.objects.get()
    assert (upload.status, upload.length, upload.offset, upload.about) == (
        "complete", len(content), len(content), event
    )  # fmt: skip
    assert list(own.uploads.glob("*")) == []
    assert status_and_code(sender.file(event, content, stated=stated)) == (200, "CBC.0000"), "the same file again"
    assert status_and_code(sender.file(event, content + b"!", stated=stated)) == (200, "91381034"), "another file"
    assert status_and_code(sender.text(event, "another")) == (200, "91381034")
    assert list(own.uploads.glob("*")) == []


def test_text_does_not_count_toward_the_daily_files() -> None:
    sender = Sender()
    assert status_and_code(sender.text(sender.apply_for_license().event_id, "text")) == (200, "CBC.0000")
    assert not Upload.objects.exists()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("stated", ["own", UNSIGNED_PAYLOAD, ""])
def test_refused_upload_stores_nothing(content: bytes, stated: str) -> None:
    sender, stranger = Sender(), Sender()
    event = sender.apply_for_license().event_id
    for response, expected in (
        (sender.file(event, content, stated=stated, sk="wrong"), (401, "APIGW.0301")),
        (sender.file("no-such-event", content, stated=stated), (200, "91381034")),
        (stranger.file(event, content, stated=stated), (200, "91381034")),
        (sender.file(event, content, stated=stated, sha256="0" * 64), (400, "CBC.0101")),
        (sender.file(event, content, stated=stated, sent=b"no form"), (400, "CBC.0101") if stated == UNSIGNED_PAYLOAD else (401, "APIGW.0301")),
    ):  # fmt: skip
        assert status_and_code(response) == expected


@pytest.mark.usefixtures("unchanged")
def test_changed_byte_is_detected() -> None:
    """Issue 14. A signed body hash fails as a wrong signature; otherwise the hash of the file does not match."""
    sender = Sender()
    event = sender.apply_for_license().event_id
    form = file_form(event, "f", hash_of(LARGE), market=MARKET, boundary=BOUNDARY)
    changed_body = form.before + LARGE[:-1] + b"!" + form.after
    for stated, expected in (
        ("own", (401, "APIGW.0301")), ("", (401, "APIGW.0301")), (UNSIGNED_PAYLOAD, (400, "CBC.0101"))
    ):  # fmt: skip
        assert status_and_code(sender.file(event, LARGE, name="f", stated=stated, sent=changed_body)) == expected


@pytest.mark.usefixtures("unchanged")
def test_upload_needs_an_active_service_and_a_pending_request() -> None:
    sender = Sender()
    request = sender.apply_for_license()
    LicenseRequest.objects.filter(pk=request.pk).update(status="promised")
    withdraw_request(request.subscription, request.pk, actor="b", now=clock.now())
    assert status_and_code(sender.file(request.event_id, LARGE)) == (200, "91381038")
    ended_request = sender.apply_for_license()
    type(ended_request.subscription).objects.filter(pk=ended_request.subscription_id).update(status="released")
    assert status_and_code(sender.file(ended_request.event_id, LARGE)) == (200, "91381033")
    assert not Upload.objects.exists(), "no quota was reserved"


@pytest.mark.usefixtures("unchanged")
def test_body_without_a_hash_is_limited_to_the_gateways_size() -> None:
    """§C.2: 413 above 12 MB; joint.md §5."""
    sender = Sender()
    answer = sender.file(sender.apply_for_license().event_id, b"x" * (12 * 1024 * 1024), stated="")
    assert status_and_code(answer) == (413, "APIGW.0201")
    assert "X-Sdk-Content-Sha256" in answer.json()["error_msg"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("stated", ["own", ""])
def test_files_and_bytes_per_day_are_limited(stated: str, monkeypatch: pytest.MonkeyPatch, own: Config) -> None:
    """§2.3: "≤10 GB and ≤100 files per seller per day"; the gateway's 429 states when to retry."""
    sender = Sender()
    with_settings(monkeypatch, own, license_day_files=1)
    assert (
        status_and_code(
            sender.file(sender.apply_for_license().event_id, LARGE, sha256="0" * 64, stated=UNSIGNED_PAYLOAD)
        )[0]
        == 400
    )
    answer = sender.file(sender.apply_for_license().event_id, LARGE, stated=stated)
    assert status_and_code(answer) == (429, "APIGW.0308")
    assert 0 < int(answer["Retry-After"]) <= 24 * 3600
    with_settings(monkeypatch, own, license_day_bytes=2 * len(LARGE) - 1)
    assert status_and_code(sender.file(sender.apply_for_license().event_id, LARGE, stated=stated)) == (
        429,
        "APIGW.0308",
    )
    assert status_and_code(sender.begin(sender.apply_for_license().event_id)) == (429, "APIGW.0308")


def test_size_of_a_file_is_limited(monkeypatch: pytest.MonkeyPatch, own: Config) -> None:
    sender = Sender()
    event = sender.apply_for_license().event_id
    with_settings(monkeypatch, own, license_most_bytes=len(LARGE) - 1)
    assert status_and_code(sender.file(event, LARGE)) == (413, "APIGW.0201")
    assert status_and_code(sender.begin(event)) == (413, "APIGW.0201")
    assert list(own.uploads.glob("*")) == []
    with_settings(monkeypatch, own, license_most_bytes=len(LARGE))
    assert status_and_code(sender.file(event, LARGE)) == (200, "CBC.0000")


def test_buyer_sees_size_and_hash_and_downloads_the_file_from_disk(own: Config) -> None:
    """Issue 14: the file is not loaded into memory; the web server sends the file that the response names."""
    sender = Sender()
    request = sender.apply_for_license()
    page, service = Client(headers={"accept-language": "en", "host": HOST}), f"/services/{request.subscription_id}/"
    page.force_login(request.subscription.buyer)
    assert status_and_code(sender.file(request.event_id, LARGE, name="../许可 1.lic")) == (200, "CBC.0000")
    # The page reads the protocol from the service's operation, which an engine would have written.
    download = page.get(reverse("storefront:license_download", args=[request.subscription_id, request.pk]))
    path = folder(own.files).path(hash_of(LARGE))
    assert (download["X-Tradepost-File"], download["Content-Length"]) == (str(path.resolve()), str(len(LARGE)))
    assert download["Content-Disposition"].endswith(f"filename*=utf-8''{quote('许可 1.lic')}")
    assert download.content == b""
    html = page.get(service).content.decode()
    assert hash_of(LARGE) in html
    stranger = Client(headers={"host": HOST})
    stranger.force_login(make_buyer(now=clock.now()))
    assert (
        stranger.get(reverse("storefront:license_download", args=[request.subscription_id, request.pk])).status_code
        == 404
    )
    owner = Client(headers={"accept-language": "en", "host": HOST})
    member = make_buyer(now=clock.now())
    make_member(sender.seller, member, now=clock.now())
    owner.force_login(member)
    assert hash_of(LARGE) in owner.get("/seller/licenses/requests/").content.decode()


# --- resumable uploads ------------------------------------------------------------------------------------------------


def test_uploaded_pieces_become_a_license(own: Config) -> None:
    """tus 1.0.0: core, creation."""
    sender = Sender()
    event = sender.apply_for_license().event_id
    created = sender.begin(event)
    assert (created.status_code, created["Upload-Offset"], created["Tus-Resumable"]) == (201, "0", "1.0.0")
    location = created["Location"]
    half = len(LARGE) // 2
    first = send_piece(location, LARGE[:half], 0)
    assert (first.status_code, first["Upload-Offset"]) == (204, str(half))
    status = request_location(location)
    assert (status["Upload-Offset"], status["Upload-Length"]) == (str(half), str(len(LARGE)))
    wrong = send_piece(location, b"x", half + 1)
    assert (wrong.status_code, wrong["Upload-Offset"]) == (409, str(half))
    assert send_piece(location, LARGE[half:] + b"x", half).status_code == 413
    assert LicenseRequest.objects.get().status == "asking"
    # The server may have stored the beginning of the piece that was too long.
    stored_bytes = int(request_location(location)["Upload-Offset"])
    last = send_piece(location, LARGE[stored_bytes:], stored_bytes)
    assert (last.status_code, last["Upload-Offset"]) == (204, str(len(LARGE)))
    request = LicenseRequest.objects.get()
    assert (request.status, request.sha256, request.file_name) == ("delivered", hash_of(LARGE), "license.bin")
    assert request_location(location)["Upload-Offset"] == str(len(LARGE))
    assert send_piece(location, b"x", len(LARGE)).status_code == 409
    assert request_location(location, "DELETE").status_code == 409
    assert list(own.uploads.glob("*")) == []
    assert status_and_code(sender.begin(event, b"another")) == (409, "91381034"), "refused before any byte is sent"


def test_upload_survives_a_crash_between_the_last_byte_and_the_delivery(own: Config) -> None:
    sender = Sender()
    location = sender.begin(sender.apply_for_license().event_id)["Location"]
    (own.uploads / Upload.objects.get().token).write_bytes(LARGE)  # it arrived, but the sender got no response
    offset = int(request_location(location)["Upload-Offset"])
    assert offset == len(LARGE) - 1, "so that the sender sends the last byte and gets a response"
    assert send_piece(location, LARGE[offset:], offset).status_code == 204
    assert LicenseRequest.objects.get().status == "delivered"


def test_upload_is_locked_during_the_delivery(own: Config) -> None:
    sender = Sender()
    location = sender.begin(sender.apply_for_license().event_id)["Location"]
    path = own.uploads / Upload.objects.get().token
    growing = receive.GrowingFile(path, offset=0, length=len(LARGE))
    growing.append(LARGE)
    growing.hold()
    assert request_location(location).status_code == 423
    assert send_piece(location, b"x", len(LARGE) - 1).status_code == 423
    assert request_location(location, "DELETE").status_code == 423
    growing.close()
    assert request_location(location).status_code == 200


def test_second_writer_is_refused_with_the_current_offset(tmp_path: Any) -> None:
    """A silent connection holds no lock: another one can resume, and later data of the silent one is refused."""
    silent, resumed = (receive.GrowingFile(tmp_path / "f", offset=0, length=10) for _ in range(2))
    resumed.append(b"abc")
    with pytest.raises(WrongOffset) as wrong:
        silent.append(b"abcdef")
    assert wrong.value.offset == 3
    assert (tmp_path / "f").read_bytes() == b"abc"


def test_upload_can_be_terminated(own: Config) -> None:
    sender = Sender()
    location = sender.begin(sender.apply_for_license().event_id)["Location"]
    send_piece(location, b"some", 0)
    assert request_location(location, "DELETE").status_code == 204
    assert [request_location(location, method).status_code for method in ("HEAD", "DELETE")] == [410, 410]
    assert send_piece(location, b"more", 4).status_code == 410
    assert Upload.objects.values_list("status", "offset").get() == ("terminated", 4)
    assert list(own.uploads.glob("*")) == []


def test_abandoned_upload_expires(own: Config) -> None:
    from tradepost.market.assets import upload

    sender = Sender()
    location = sender.begin(sender.apply_for_license().event_id)["Location"]
    send_piece(location, b"some", 0)
    assert upload.expire(clock.now() + timedelta(days=8), folder=own.uploads) == 1
    assert (request_location(location).status_code, list(own.uploads.glob("*"))) == (410, [])


@pytest.mark.usefixtures("unchanged")
def test_invalid_creation_is_refused() -> None:
    sender = Sender()
    event = sender.apply_for_license().event_id
    assert status_and_code(sender.begin(event, sha256="short")) == (400, "CBC.0101")
    assert status_and_code(sender.begin(event, Upload_Metadata="filename YQ==")) == (400, "CBC.0101")
    assert status_and_code(sender.begin(event, Upload_Metadata=f"sha256 {b64('0' * 64)}")) == (400, "CBC.0101")
    assert status_and_code(sender.begin(event, Upload_Length="many")) == (400, "CBC.0101")
    assert status_and_code(sender.begin(event, b"")) == (400, "CBC.0101")
    assert status_and_code(sender.begin("no-such-event")) == (409, "91381034")
    refused = sender.begin(event, Tus_Resumable="0.9")
    assert (refused.status_code, refused["Tus-Version"]) == (412, "1.0.0")
    unsigned = Client().generic(
        "POST", f"{upload_path(event)}/resumable", headers={"Tus-Resumable": "1.0.0", "Host": HOST}
    )
    assert status_and_code(unsigned) == (401, "APIGW.0301")


def test_location_belongs_to_one_file() -> None:
    sender = Sender()
    location = sender.begin(sender.apply_for_license().event_id)["Location"]
    assert request_location(location[:-1] + ("A" if location[-1] != "A" else "B")).status_code == 404
    assert request_location(f"/uploads/{location.rpartition('/')[2]}/").status_code in {403, 404}, (
        "not served to browsers"
    )
    options = request_location(location, "OPTIONS")
    assert (options.status_code, options["Tus-Extension"]) == (204, "creation,termination,expiration")
    assert send_piece(location, b"x", 0, **{"Tus-Resumable": "2"}).status_code == 412
    wrong_type = Client().patch(
        location, b"x", content_type="text/plain", headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Host": HOST}
    )  # fmt: skip
    assert wrong_type.status_code == 415


def test_withdrawn_request_is_reported_before_the_next_piece() -> None:
    sender = Sender()
    request = sender.apply_for_license()
    location = sender.begin(request.event_id)["Location"]
    LicenseRequest.objects.filter(pk=request.pk).update(status="withdrawn")
    assert status_and_code(send_piece(location, LARGE, 0)) == (409, "91381038")
