"""File uploads by the tus protocol 1.0.0, whole or in pieces (business-rules §2.3,
https://tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tests.factories import NOW
from tests.market.assets.archives import noise
from tests.market.assets.tus_world import UPLOADS, ask, begin, client_of, make_asset, metadata, patch
from tradepost.market.assets import tus, upload
from tradepost.market.assets.asset_models import Asset, AssetVersion, Upload
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.identity.models import Member, Seller

CONTENT = noise(1000)
HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def asset(db: None) -> Asset:
    return make_asset()


@pytest.fixture
def client(asset: Asset) -> Client:
    return client_of(asset.seller)


def stored(token_path: str) -> bytes:
    return (config().uploads / token_path.rstrip("/").rpartition("/")[2]).read_bytes()


def test_upload_in_two_pieces_becomes_a_checked_version(client: Client, asset: Asset) -> None:
    answer = begin(client, asset, len(CONTENT), notes="First of all")
    assert (answer.status_code, answer["Tus-Resumable"], answer["Upload-Offset"]) == (201, "1.0.0", "0")
    path = answer["Location"]
    assert patch(client, path, 0, CONTENT[:400])["Upload-Offset"] == "400"
    head_response = ask(client, "HEAD", path)
    assert (head_response.status_code, head_response["Upload-Offset"], head_response["Upload-Length"]) == (
        200,
        "400",
        "1000",
    )
    assert head_response["Cache-Control"] == "no-store"
    assert parsedate_to_datetime(head_response["Upload-Expires"]) > NOW
    assert "label MS4w" in head_response["Upload-Metadata"], "as it was stated"
    assert not AssetVersion.objects.exists()
    answer = patch(client, path, 400, CONTENT[400:])
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "1000")
    version = AssetVersion.objects.get()
    assert (version.label, version.notes, version.number, version.bytes) == ("1.0", "First of all", 1, 1000)
    assert version.status == AssetVersion.Status.CHECKING
    assert LeasedJob.objects.get().key == str(version.pk)
    assert stored(path) == CONTENT
    assert ask(client, "HEAD", path)["Upload-Offset"] == "1000"
    assert patch(client, path, 1000, b"").status_code == 204, "a client that missed the last answer repeats the request"
    assert AssetVersion.objects.count() == 1


def test_server_capabilities_are_public(db: None) -> None:
    answer = Client().options(UPLOADS)
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,termination,checksum,expiration"
    assert answer["Tus-Checksum-Algorithm"] == "sha256,sha1"
    assert answer["Tus-Max-Size"] == str(10 * 1024**3), "§2.3: 10 GB"


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Upload_Offset": 10}, b"x", 409),
        ({"Upload_Offset": "x"}, b"x", 400),
        ({"Upload_Offset": "-1"}, b"x", 400),
        ({"Upload_Offset": None}, b"x", 400),
        ({"Upload_Offset": 0}, b"x" * 11, 413),
        ({"Upload_Offset": 0, "Content_Type": "text/plain"}, b"x", 415),
        ({"Upload_Offset": 0, "Tus_Resumable": "0.2.2"}, b"x", 412),
        ({"Upload_Offset": 0, "Tus_Resumable": None}, b"x", 412),
        ({"Upload_Offset": 0, "Upload_Checksum": "md5 " + base64.b64encode(b"x" * 16).decode()}, b"x", 400),
        ({"Upload_Offset": 0, "Upload_Checksum": "sha256 !"}, b"x", 400),
        ({"Upload_Offset": 0, "Upload_Checksum": "sha1 " + base64.b64encode(b"x" * 20).decode()}, b"x", 460),
    ],
)
def test_refused_piece_leaves_nothing(
    client: Client, asset: Asset, headers: dict[str, Any], content: bytes, status: int
) -> None:
    path = begin(client, asset, 10)["Location"]
    answer = ask(client, "PATCH", path, content, **headers)
    assert (answer.status_code, answer["Tus-Resumable"]) == (status, "1.0.0")
    assert answer["Content-Type"].startswith("text/plain")
    if status == 409:
        assert answer["Upload-Offset"] == "0"
    if status == 412:
        assert answer["Tus-Version"] == "1.0.0"
    assert Upload.objects.get().offset == 0
    assert ask(client, "HEAD", path)["Upload-Offset"] == "0"


@pytest.mark.parametrize("algorithm", tus.ALGORITHMS)
def test_checksum_is_verified(client: Client, asset: Asset, algorithm: str) -> None:
    path = begin(client, asset, 10)["Location"]
    digest = base64.b64encode(hashlib.new(algorithm, b"0123456789").digest()).decode()
    assert patch(client, path, 0, b"0123456780", Upload_Checksum=f"{algorithm} {digest}").status_code == 460
    assert patch(client, path, 0, b"0123456789", Upload_Checksum=f"{algorithm} {digest}").status_code == 204


def test_second_writer_gets_423(client: Client, asset: Asset) -> None:
    path = begin(client, asset, 10)["Location"]
    handle = os.open(config().uploads / path.split("/")[2], os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert patch(client, path, 0, b"01234").status_code == 423
    assert ask(client, "DELETE", path).status_code == 423
    os.close(handle)  # as the kernel does when a process dies
    assert patch(client, path, 0, b"01234").status_code == 204


def test_data_of_a_dead_writer_is_cut_off(client: Client, asset: Asset) -> None:
    path = begin(client, asset, 6)["Location"]
    assert patch(client, path, 0, b"ab").status_code == 204
    with (config().uploads / path.split("/")[2]).open("ab") as file:
        file.write(b"never recorded")
    assert patch(client, path, 2, b"cdef").status_code == 204
    assert stored(path) == b"abcdef"


def test_stale_offset_is_not_written_twice(asset: Asset) -> None:
    """The offset is compared and set, so a request that read the row earlier does nothing."""
    client = client_of(asset.seller)
    begin(client, asset, 4)
    before = Upload.objects.select_related("asset").get()
    limits = {"keep": timedelta(days=1), "folder": config().uploads, "now": NOW}
    stale_upload = Upload.objects.select_related("asset").get()
    upload.append(stale_upload, offset=0, content=b"ab", whole=2, checksum=None, **limits)  # type: ignore[arg-type]
    with pytest.raises(upload.WrongOffset):
        upload.append(before, offset=0, content=b"xy", whole=2, checksum=None, **limits)  # type: ignore[arg-type]
    assert upload.path_of(stale_upload, config().uploads).read_bytes() == b"ab"


def test_cancelled_upload_is_deleted(client: Client, asset: Asset) -> None:
    path = begin(client, asset, 10)["Location"]
    patch(client, path, 0, b"01")
    assert ask(client, "DELETE", path).status_code == 204
    assert [ask(client, method, path, Upload_Offset=2).status_code for method in ("HEAD", "PATCH", "DELETE")] == [
        410
    ] * 3
    assert not (config().uploads / path.split("/")[2]).exists()
    assert ask(client, "POST", path, b"", X_HTTP_Method_Override="HEAD").status_code == 410, "for clients without PATCH"


def test_complete_upload_is_not_deleted(client: Client, asset: Asset) -> None:
    path = begin(client, asset, 2)["Location"]
    patch(client, path, 0, b"01")
    assert ask(client, "DELETE", path).status_code == 409
    assert stored(path) == b"01"


def test_unfinished_uploads_expire(client: Client, asset: Asset) -> None:
    path = begin(client, asset, 10)["Location"]
    patch(client, path, 0, b"01")
    row = Upload.objects.get()
    assert upload.expire(row.expires_at - timedelta(seconds=1), folder=config().uploads) == 0
    assert upload.expire(row.expires_at, folder=config().uploads) == 1
    assert ask(client, "HEAD", path).status_code == 410
    assert not upload.path_of(row, config().uploads).exists()


@pytest.mark.parametrize(
    ("stated", "status", "code"),
    [
        ({"filename": "agent.exe"}, 422, ""),
        ({"filename": ""}, 422, ""),
        ({"label": "../1"}, 422, ""),
        ({"label": ""}, 422, ""),
        ({"asset": "999999"}, 404, ""),
        ({"asset": "x"}, 404, ""),
        ({"updates": "999999"}, 404, ""),
    ],
)
def test_invalid_upload_does_not_begin(
    client: Client, asset: Asset, stated: dict[str, str], status: int, code: str
) -> None:
    about = {"asset": asset.pk, "label": "1.0", "filename": "agent.zip"} | stated
    assert ask(client, "POST", UPLOADS, Upload_Length=5, Upload_Metadata=metadata(**about)).status_code == status
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload_Length": "x"},
        {"Upload_Length": str(2**64)},
        {"Upload_Length": None},
        {"Upload_Length": 0},
        {"Upload_Length": 10 * 1024**3 + 1},
        {"Upload_Defer_Length": "1"},
        {"Upload_Length": 5, "Upload_Metadata": "filename %"},
        {"Upload_Length": 5, "Upload_Metadata": "filename YQ==,filename YQ=="},
        {"Upload_Length": 5, "Upload_Metadata": "a" * 9000},
    ],
)
def test_invalid_headers_are_refused(client: Client, asset: Asset, headers: dict[str, Any]) -> None:
    stated = {"Upload_Metadata": metadata(asset=asset.pk, label="1.0", filename="a.zip")} | headers
    assert ask(client, "POST", UPLOADS, **stated).status_code in {400, 413, 422}
    assert not Upload.objects.exists()


def test_daily_limits_of_a_seller(asset: Asset) -> None:
    """§2.3: "≤10 GB and ≤100 files per seller per day". A cancelled upload counts with the bytes received."""
    by = Member.objects.get(seller=asset.seller).user
    limits = upload.UploadLimits(most_bytes=100, day_bytes=120, day_files=3, keep=timedelta(days=1))

    def start(length: int, label: str, now: Any = NOW) -> Upload:
        return upload.begin(
            asset, label=label, notes="", updates=None, file_name="a.zip", length=length, by=by, limits=limits,
            folder=config().uploads, now=now,
        )  # fmt: skip

    first = start(100, "1")
    with pytest.raises(Refused, match=r"upload\.too_much_today") as refusal:
        start(21, "2")
    assert refusal.value.wait == DAY
    upload.terminate(first, folder=config().uploads)
    start(60, "2", NOW + timedelta(hours=1))
    start(50, "3", NOW + timedelta(hours=2))
    with pytest.raises(Refused, match=r"upload\.too_many_today") as refusal:
        start(1, "4", NOW + timedelta(hours=3))
    assert refusal.value.wait == DAY - 3 * HOUR
    with pytest.raises(Refused, match=r"upload\.too_large"):
        start(101, "4", NOW + timedelta(days=2))
    with pytest.raises(Refused, match=r"upload\.too_much_today") as refusal:
        start(100, "4", NOW + timedelta(days=1, seconds=1))
    assert refusal.value.wait == 2 * HOUR - 1, "the end of the first upload that frees enough, not of the first"
    start(100, "4", NOW + timedelta(days=1, hours=2))


def test_upload_is_private_to_its_seller(client: Client, asset: Asset) -> None:
    path = begin(client, asset, 10)["Location"]
    other_client = client_of(make_asset().seller)
    viewer = Client()
    viewer.force_login(factories.make_buyer())
    reader = Client()
    person = factories.make_buyer()
    factories.make_member(asset.seller, person, "viewer")
    reader.force_login(person)
    for browser, status in ((other_client, 404), (viewer, 404), (reader, 403), (Client(), 403)):
        assert ask(browser, "HEAD", path).status_code == status
        assert patch(browser, path, 0, b"x").status_code == status
        assert ask(browser, "DELETE", path).status_code == status
        assert begin(browser, asset, 5, label="2.0").status_code == status
    assert (Upload.objects.get().offset, Upload.objects.count()) == (0, 1)


def test_forged_request_is_refused(asset: Asset) -> None:
    strict = client_of(asset.seller, enforce_csrf_checks=True)
    assert begin(strict, asset, 10).status_code == 403
    assert not Upload.objects.exists()
    strict.cookies["csrftoken"] = "a" * 32
    stated = metadata(asset=asset.pk, label="1.0", filename="a.zip")
    answer = ask(strict, "POST", UPLOADS, Upload_Length=10, Upload_Metadata=stated, X_CSRFToken="a" * 32)
    assert answer.status_code == 201
    assert patch(strict, answer["Location"], 0, b"x").status_code == 403
    assert patch(strict, answer["Location"], 0, b"x", X_CSRFToken="a" * 32).status_code == 204


def test_suspended_seller_cannot_upload(client: Client, asset: Asset) -> None:
    path = begin(client, asset, 10)["Location"]
    Seller.objects.filter(pk=asset.seller_id).update(status=Seller.Status.SUSPENDED)
    assert patch(client, path, 0, b"x").status_code == 403
    assert begin(client, asset, 10, label="2").status_code == 403
    assert Upload.objects.get().offset == 0


def test_full_disk_is_reported(client: Client, asset: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    path = begin(client, asset, 10)["Location"]

    def full(*_args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tradepost.market.assets.upload.os.pwrite", full)
    assert patch(client, path, 0, b"x").status_code == 507
    monkeypatch.undo()
    assert patch(client, path, 0, b"x").status_code == 204


@pytest.mark.slow
@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20),
        st.text(max_size=50),
        max_size=5,
    )
)
def test_metadata_is_returned_as_stated(values: dict[str, str]) -> None:
    assert tus.metadata_of(metadata(**values)) == values


@given(st.text(max_size=300))
def test_any_header_is_read_or_refused(text: str) -> None:
    for read_header in (tus.metadata_of, tus.checksum_of, lambda value: tus.number_of("Upload-Offset", value)):
        with suppress(tus.BadHeader):  # becomes a 400; nothing else is raised
            read_header(text)


def test_file_name_keeps_its_suffix_and_loses_its_path() -> None:
    assert upload.plain_name("C:\\temp\\..\\agent 1.zip") == "agent 1.zip"
    assert upload.plain_name("../../etc/passwd.tar.gz") == "passwd.tar.gz"
    assert upload.plain_name("x" * 500 + ".tar.gz").endswith(".tar.gz")
    assert len(upload.plain_name("长" * 500)) == 120
    assert Path(upload.plain_name("..")).name == "file"
