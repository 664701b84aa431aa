"""The file of a license by the API: what its head decides, what its body decides, and that a refusal keeps nothing (§C.7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_buyer, make_member
from tests.market.open_api.asking import HOST
from tests.market.open_api.license_sender import (
    BOUNDARY,
    LARGE,
    MARKET,
    SMALL,
    Sender,
    asked,
    b64,
    code,
    hash_of,
    piece,
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
    """A folder of this test alone: it looks at all that lies there."""
    settings.ALLOWED_HOSTS = [HOST]
    return with_settings(monkeypatch, config().model_copy(update={"data": tmp_path}))


def with_settings(monkeypatch: pytest.MonkeyPatch, own: Config, **changed: int) -> Config:
    told = own.model_copy(update=changed)
    for module in (license_upload, resumable_upload, licenses):
        monkeypatch.setattr(module, "config", lambda: told)
    return told


def standing(own: Config) -> tuple[list[Any], list[str]]:
    """All that an upload could leave."""
    kept = [path.name for path in own.files.glob("licenses/??/*")]
    lying = [path.name for path in own.uploads.glob("*")]
    return list(LicenseRequest.objects.order_by("pk").values("status", "sha256", "sealed_license")), sorted(
        kept + lying
    )


@pytest.fixture
def unchanged(own: Config) -> Iterator[None]:
    """Nothing was kept."""
    sender = Sender()
    sender.applied()
    before = standing(own)
    yield
    after = standing(own)
    assert after[1] == before[1]
    assert all(row["sha256"] == "" for row in after[0])


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("stated", ["own", UNSIGNED_PAYLOAD, ""])
def test_a_file_arrives_however_its_body_is_signed(content: bytes, stated: str, own: Config) -> None:
    """§C.1: PayloadHash is the header's value, else the body's own hash."""
    sender = Sender()
    event = sender.applied().event_id
    assert code(sender.file(event, content, stated=stated)) == (200, "CBC.0000")
    found = LicenseRequest.objects.get()
    assert (found.status, found.file_name, found.sha256, found.size) == (
        "delivered", "许可.lic", hash_of(content), len(content)
    )  # fmt: skip
    path = license_path(found, folder(own.files))
    assert (path.read_bytes() if path else license_bytes(found)) == content
    assert (path is None) == (content == SMALL)
    upload = Upload.objects.get()
    assert (upload.status, upload.length, upload.offset, upload.about) == (
        "complete", len(content), len(content), event
    )  # fmt: skip
    assert list(own.uploads.glob("*")) == []
    assert code(sender.file(event, content, stated=stated)) == (200, "CBC.0000"), "the same again"
    assert code(sender.file(event, content + b"!", stated=stated)) == (200, "91381034"), "another"
    assert code(sender.text(event, "another")) == (200, "91381034")
    assert list(own.uploads.glob("*")) == []


def test_a_text_counts_as_no_file_of_a_day() -> None:
    sender = Sender()
    assert code(sender.text(sender.applied().event_id, "text")) == (200, "CBC.0000")
    assert not Upload.objects.exists()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("stated", ["own", UNSIGNED_PAYLOAD, ""])
def test_what_is_refused_leaves_nothing(content: bytes, stated: str) -> None:
    sender, stranger = Sender(), Sender()
    event = sender.applied().event_id
    for refused, expected in (
        (sender.file(event, content, stated=stated, sk="wrong"), (401, "APIGW.0301")),
        (sender.file("no-such-event", content, stated=stated), (200, "91381034")),
        (stranger.file(event, content, stated=stated), (200, "91381034")),
        (sender.file(event, content, stated=stated, sha256="0" * 64), (400, "CBC.0101")),
        (sender.file(event, content, stated=stated, sent=b"no form"), (400, "CBC.0101") if stated == UNSIGNED_PAYLOAD else (401, "APIGW.0301")),
    ):  # fmt: skip
        assert code(refused) == expected


@pytest.mark.usefixtures("unchanged")
def test_one_byte_that_changed_on_its_way() -> None:
    """Issue 14. Who signs the hash of the body hears of it by the signature, everybody else by the hash of the file."""
    sender = Sender()
    event = sender.applied().event_id
    form = file_form(event, "f", hash_of(LARGE), market=MARKET, boundary=BOUNDARY)
    changed = form.before + LARGE[:-1] + b"!" + form.after
    for stated, expected in (
        ("own", (401, "APIGW.0301")), ("", (401, "APIGW.0301")), (UNSIGNED_PAYLOAD, (400, "CBC.0101"))
    ):  # fmt: skip
        assert code(sender.file(event, LARGE, name="f", stated=stated, sent=changed)) == expected


@pytest.mark.usefixtures("unchanged")
def test_the_service_must_live_and_the_buyer_must_wait() -> None:
    sender = Sender()
    applied = sender.applied()
    LicenseRequest.objects.filter(pk=applied.pk).update(status="promised")
    withdraw_request(applied.subscription, applied.pk, actor="b", now=clock.now())
    assert code(sender.file(applied.event_id, LARGE)) == (200, "91381038")
    ended = sender.applied()
    type(ended.subscription).objects.filter(pk=ended.subscription_id).update(status="released")
    assert code(sender.file(ended.event_id, LARGE)) == (200, "91381033")
    assert not Upload.objects.exists(), "no room was promised"


@pytest.mark.usefixtures("unchanged")
def test_a_body_that_states_no_hash_is_of_the_gateways_size() -> None:
    """§C.2: 413 above 12 MB; joint.md §5."""
    sender = Sender()
    answer = sender.file(sender.applied().event_id, b"x" * (12 * 1024 * 1024), stated="")
    assert code(answer) == (413, "APIGW.0201")
    assert "X-Sdk-Content-Sha256" in answer.json()["error_msg"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("stated", ["own", ""])
def test_a_day_has_so_many_files_and_bytes(stated: str, monkeypatch: pytest.MonkeyPatch, own: Config) -> None:
    """§2.3: "≤10 GB and ≤100 files per seller per day"; the gateway's 429 says when there is room again."""
    sender = Sender()
    with_settings(monkeypatch, own, license_day_files=1)
    assert code(sender.file(sender.applied().event_id, LARGE, sha256="0" * 64, stated=UNSIGNED_PAYLOAD))[0] == 400
    answer = sender.file(sender.applied().event_id, LARGE, stated=stated)
    assert code(answer) == (429, "APIGW.0308")
    assert 0 < int(answer["Retry-After"]) <= 24 * 3600
    with_settings(monkeypatch, own, license_day_bytes=2 * len(LARGE) - 1)
    assert code(sender.file(sender.applied().event_id, LARGE, stated=stated)) == (429, "APIGW.0308")
    assert code(sender.begin(sender.applied().event_id)) == (429, "APIGW.0308")


def test_a_file_may_be_so_large(monkeypatch: pytest.MonkeyPatch, own: Config) -> None:
    sender = Sender()
    event = sender.applied().event_id
    with_settings(monkeypatch, own, license_most_bytes=len(LARGE) - 1)
    assert code(sender.file(event, LARGE)) == (413, "APIGW.0201")
    assert code(sender.begin(event)) == (413, "APIGW.0201")
    assert list(own.uploads.glob("*")) == []
    with_settings(monkeypatch, own, license_most_bytes=len(LARGE))
    assert code(sender.file(event, LARGE)) == (200, "CBC.0000")


def test_its_buyer_sees_size_and_hash_and_gets_it_from_the_disk(own: Config) -> None:
    """Issue 14: no bytes of it in memory; the web server sends what the answer names."""
    sender = Sender()
    applied = sender.applied()
    page, service = Client(headers={"accept-language": "en", "host": HOST}), f"/services/{applied.subscription_id}/"
    page.force_login(applied.subscription.buyer)
    assert code(sender.file(applied.event_id, LARGE, name="../许可 1.lic")) == (200, "CBC.0000")
    # The page asks the protocol of the service, whose operation an engine would have written.
    download = page.get(reverse("storefront:license_download", args=[applied.subscription_id, applied.pk]))
    path = folder(own.files).path(hash_of(LARGE))
    assert (download["X-Tradepost-File"], download["Content-Length"]) == (str(path.resolve()), str(len(LARGE)))
    assert download["Content-Disposition"].endswith(f"filename*=utf-8''{quote('许可 1.lic')}")
    assert download.content == b""
    shown = page.get(service).content.decode()
    assert hash_of(LARGE) in shown
    stranger = Client(headers={"host": HOST})
    stranger.force_login(make_buyer(now=clock.now()))
    assert (
        stranger.get(reverse("storefront:license_download", args=[applied.subscription_id, applied.pk])).status_code
        == 404
    )
    owner = Client(headers={"accept-language": "en", "host": HOST})
    member = make_buyer(now=clock.now())
    make_member(sender.seller, member, now=clock.now())
    owner.force_login(member)
    assert hash_of(LARGE) in owner.get("/seller/licenses/requests/").content.decode()


# --- gone on with ----------------------------------------------------------------------------------------------------------


def test_pieces_become_a_license(own: Config) -> None:
    """tus 1.0.0: core, creation."""
    sender = Sender()
    event = sender.applied().event_id
    begun = sender.begin(event)
    assert (begun.status_code, begun["Upload-Offset"], begun["Tus-Resumable"]) == (201, "0", "1.0.0")
    location = begun["Location"]
    half = len(LARGE) // 2
    first = piece(location, LARGE[:half], 0)
    assert (first.status_code, first["Upload-Offset"]) == (204, str(half))
    stands = asked(location)
    assert (stands["Upload-Offset"], stands["Upload-Length"]) == (str(half), str(len(LARGE)))
    wrong = piece(location, b"x", half + 1)
    assert (wrong.status_code, wrong["Upload-Offset"]) == (409, str(half))
    assert piece(location, LARGE[half:] + b"x", half).status_code == 413
    assert LicenseRequest.objects.get().status == "asking"
    # What did fit of the piece that was too long was not asked for.
    there = int(asked(location)["Upload-Offset"])
    last = piece(location, LARGE[there:], there)
    assert (last.status_code, last["Upload-Offset"]) == (204, str(len(LARGE)))
    found = LicenseRequest.objects.get()
    assert (found.status, found.sha256, found.file_name) == ("delivered", hash_of(LARGE), "license.bin")
    assert asked(location)["Upload-Offset"] == str(len(LARGE))
    assert piece(location, b"x", len(LARGE)).status_code == 409
    assert asked(location, "DELETE").status_code == 409
    assert list(own.uploads.glob("*")) == []
    assert code(sender.begin(event, b"another")) == (409, "91381034"), "known before a byte of it comes"


def test_a_process_that_died_between_the_last_byte_and_the_delivery_loses_nothing(own: Config) -> None:
    sender = Sender()
    location = sender.begin(sender.applied().event_id)["Location"]
    (own.uploads / Upload.objects.get().token).write_bytes(LARGE)  # it came, and nobody was told
    offset = int(asked(location)["Upload-Offset"])
    assert offset == len(LARGE) - 1, "so that its sender sends the end, and hears of it"
    assert piece(location, LARGE[offset:], offset).status_code == 204
    assert LicenseRequest.objects.get().status == "delivered"


def test_while_it_is_delivered_it_is_locked(own: Config) -> None:
    sender = Sender()
    location = sender.begin(sender.applied().event_id)["Location"]
    path = own.uploads / Upload.objects.get().token
    growing = receive.Growing(path, offset=0, length=len(LARGE))
    growing.append(LARGE)
    growing.hold()
    assert asked(location).status_code == 423
    assert piece(location, b"x", len(LARGE) - 1).status_code == 423
    assert asked(location, "DELETE").status_code == 423
    growing.close()
    assert asked(location).status_code == 200


def test_of_two_who_go_on_with_it_the_later_one_is_told_where_it_stands(tmp_path: Any) -> None:
    """A connection that fell silent holds nothing: whoever resumes goes on, and what still comes of it is refused."""
    silent, resumed = (receive.Growing(tmp_path / "f", offset=0, length=10) for _ in range(2))
    resumed.append(b"abc")
    with pytest.raises(WrongOffset) as wrong:
        silent.append(b"abcdef")
    assert wrong.value.offset == 3
    assert (tmp_path / "f").read_bytes() == b"abc"


def test_it_can_be_given_up(own: Config) -> None:
    sender = Sender()
    location = sender.begin(sender.applied().event_id)["Location"]
    piece(location, b"some", 0)
    assert asked(location, "DELETE").status_code == 204
    assert [asked(location, method).status_code for method in ("HEAD", "DELETE")] == [410, 410]
    assert piece(location, b"more", 4).status_code == 410
    assert Upload.objects.values_list("status", "offset").get() == ("terminated", 4)
    assert list(own.uploads.glob("*")) == []


def test_what_nobody_goes_on_with_is_swept_up(own: Config) -> None:
    from tradepost.market.assets import upload

    sender = Sender()
    location = sender.begin(sender.applied().event_id)["Location"]
    piece(location, b"some", 0)
    assert upload.expire(clock.now() + timedelta(days=8), folder=own.uploads) == 1
    assert (asked(location).status_code, list(own.uploads.glob("*"))) == (410, [])


@pytest.mark.usefixtures("unchanged")
def test_what_begins_badly() -> None:
    sender = Sender()
    event = sender.applied().event_id
    assert code(sender.begin(event, sha256="short")) == (400, "CBC.0101")
    assert code(sender.begin(event, Upload_Metadata="filename YQ==")) == (400, "CBC.0101")
    assert code(sender.begin(event, Upload_Metadata=f"sha256 {b64('0' * 64)}")) == (400, "CBC.0101")
    assert code(sender.begin(event, Upload_Length="many")) == (400, "CBC.0101")
    assert code(sender.begin(event, b"")) == (400, "CBC.0101")
    assert code(sender.begin("no-such-event")) == (409, "91381034")
    refused = sender.begin(event, Tus_Resumable="0.9")
    assert (refused.status_code, refused["Tus-Version"]) == (412, "1.0.0")
    unsigned = Client().generic(
        "POST", f"{upload_path(event)}/resumable", headers={"Tus-Resumable": "1.0.0", "Host": HOST}
    )
    assert code(unsigned) == (401, "APIGW.0301")


def test_a_location_is_for_one_file_alone() -> None:
    sender = Sender()
    location = sender.begin(sender.applied().event_id)["Location"]
    assert asked(location[:-1] + ("A" if location[-1] != "A" else "B")).status_code == 404
    assert asked(f"/uploads/{location.rpartition('/')[2]}/").status_code in {403, 404}, "not by a person's page"
    able = asked(location, "OPTIONS")
    assert (able.status_code, able["Tus-Extension"]) == (204, "creation,termination,expiration")
    assert piece(location, b"x", 0, **{"Tus-Resumable": "2"}).status_code == 412
    typed = Client().patch(
        location, b"x", content_type="text/plain", headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Host": HOST}
    )  # fmt: skip
    assert typed.status_code == 415


def test_what_is_withdrawn_meanwhile_is_told_before_the_next_piece() -> None:
    sender = Sender()
    applied = sender.applied()
    location = sender.begin(applied.event_id)["Location"]
    LicenseRequest.objects.filter(pk=applied.pk).update(status="withdrawn")
    assert code(piece(location, LARGE, 0)) == (409, "91381038")
