"""Upload of a text or a file (openapi-jointkit §C.7, saas-v1-license §C1)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.open_api.uploads import file_of, parse
from tradepost.protocols.http import Request
from tradepost.protocols.multipart import NotMultipart, Part, dump_form, load_form
from tradepost.protocols.open_api.bodies import ApiRefused
from tradepost.protocols.open_api.errors import ApiFailure, read_api_answer
from tradepost.protocols.open_api.signing import sign, verify
from tradepost.protocols.open_api.upload import (
    ERRORS,
    TextUpload,
    file_form,
    text_request,
    upload_response,
)

MARKET = "https://mkt.example.com"
BOUNDARY = "0d9f7a31c2" * 4
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
CONTENT = b"\x00license\r\n"
TEXT = TextUpload(event_id="EV-0001", characters="PL-许可")

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64).filter(str.strip)


def file_request(event_id: str = "EV-0001", name: str = "license.lic", content: bytes = CONTENT) -> Request:
    form = file_form(event_id, name, hashlib.sha256(content).hexdigest(), market=MARKET, boundary=BOUNDARY)
    return Request("POST", form.url, (("Content-Type", form.content_type),), form.before + content + form.after)


def refused(request) -> str:
    with pytest.raises(ApiRefused) as refusal:
        parse(request)
    assert (refusal.value.error.status, refusal.value.error.code) == (400, "CBC.0101")
    return refusal.value.detail


def test_text_is_only_in_the_json_part_section_c_7():
    request = text_request(TEXT, market=MARKET, boundary=BOUNDARY)
    assert request.url == f"{MARKET}/api/mkp-openapi-public/global/v1/market-event/EV-0001/file"
    (part,) = load_form(request.header("Content-Type"), request.body)
    assert (part.name, part.content_type, part.filename) == ("isvUpdateFileReq", "application/json", None)
    assert json.loads(part.content) == {"type": "CHARACTERS", "characters": "PL-许可"}
    assert parse(request) == (TEXT, b"")


def test_file_has_its_name_and_hash_section_c_7():
    request = file_request()
    form, file = load_form(request.header("Content-Type"), request.body)
    assert json.loads(form.content) == {
        "type": "FILE",
        "file_name": "license.lic",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    assert (file.name, file.filename, file.content) == ("file", "license.lic", CONTENT)
    assert parse(request) == (file_of("EV-0001", "license.lic", CONTENT), CONTENT)


def test_call_is_signed_with_its_boundary_section_c_1():
    request = sign(file_request(), ak="AK", sk="SK", now=NOW)
    verify(request, sk="SK", now=NOW)
    assert "SignedHeaders=content-type;host;x-sdk-date" in (request.header("Authorization") or "")


@given(texts, texts)
def test_any_uploaded_text_arrives_unchanged(event_id, characters):
    upload = TextUpload(event_id=event_id, characters=characters)
    assert parse(text_request(upload, market=MARKET, boundary=BOUNDARY)) == (upload, b"")


@given(texts, texts.map(str.strip), st.binary(max_size=100))
def test_any_uploaded_file_arrives_unchanged(event_id, name, content):
    assert parse(file_request(event_id, name, content)) == (file_of(event_id, name, content), content)


def form_request(members, *parts, url=f"{MARKET}/api/mkp-openapi-public/global/v1/market-event/EV-0001/file"):
    form = Part("isvUpdateFileReq", json.dumps(members).encode(), "application/json")
    content_type, body = dump_form((form, *parts), boundary=BOUNDARY)
    return Request("POST", url, (("Content-Type", content_type),), body)


HASH = hashlib.sha256(b"x").hexdigest()
PART = Part("file", b"x", "", "disposition.lic")


def test_name_of_the_part_replaces_a_missing_file_name_section_g():
    upload = parse(form_request({"type": "FILE", "sha256": HASH.upper()}, PART))
    assert upload == (file_of("EV-0001", "disposition.lic", b"x"), b"x")


@pytest.mark.parametrize(
    ("request_", "detail"),
    [
        (form_request({"type": "TEXT"}), "type must be one of CHARACTERS, FILE; “TEXT” came"),
        (form_request({"type": "CHARACTERS"}), "characters is missing"),
        (
            form_request({"type": "CHARACTERS", "characters": "x" * 1025}),
            "characters has 1025 characters, at most 1024 are allowed",
        ),
        (form_request({"type": "FILE", "sha256": HASH}), "there is no part file"),
        (form_request({"type": "FILE"}, PART), "sha256 is missing"),
        (form_request({"type": "FILE", "sha256": "0" * 64}, PART), "sha256 is not the hash of the file that arrived"),
        (
            form_request({"type": "FILE", "sha256": HASH}, replace(PART, filename=None)),
            "file_name is missing or too long",
        ),
        (
            form_request({"type": "CHARACTERS"}, url=f"{MARKET}/file"),
            "the path does not hold an event id of 1 to 64 characters",
        ),
    ],
)
def test_invalid_upload_is_cbc_0101_section_c_7(request_, detail):
    assert refused(request_) == detail


def test_form_without_the_json_part():
    content_type, body = dump_form((PART,), boundary=BOUNDARY)
    url = text_request(TEXT, market=MARKET, boundary=BOUNDARY).url
    assert refused(Request("POST", url, (("Content-Type", content_type),), body)) == "there is no part isvUpdateFileReq"
    assert refused(replace(file_request(), url="https://[x")) == "the URL cannot be read"


@pytest.mark.parametrize("upload", [("", "x"), ("e" * 65, "x"), ("e", " "), ("e", "x" * 1025)])
def test_uploads_that_cannot_be_sent(upload):
    with pytest.raises(ValueError):
        text_request(TextUpload(event_id=upload[0], characters=upload[1]), market=MARKET, boundary=BOUNDARY)


def test_file_without_a_name_or_with_the_boundary_cannot_be_uploaded():
    with pytest.raises(ValueError, match="name"):
        file_form("e", " ", HASH, market=MARKET, boundary=BOUNDARY)
    with pytest.raises(ValueError, match="32 characters"):
        file_form("e", "f", HASH, market=MARKET, boundary="short")


def test_json_part_is_short():
    with pytest.raises(NotMultipart, match="longer than 65536 bytes"):
        parse(form_request({"type": "CHARACTERS", "characters": "x" * 70_000}))


def test_failures_of_licenses_have_status_200_section_c_7():
    assert read_api_answer(upload_response()) == {"error_code": "CBC.0000", "error_msg": "Success"}
    statuses = {code: error.status for code, error in ERRORS.items()}
    assert statuses == {
        "CBC.0150": 403,
        "CBC.0101": 400,
        "CBC.0999": 500,
        **{f"9138103{number}": 200 for number in range(3, 9)},
        "91380150": 200,
    }
    denied = read_api_answer(ApiRefused(ERRORS["91381038"]).response())
    assert denied == ApiFailure(status=200, code="91381038", message="License apply has been denied.")
