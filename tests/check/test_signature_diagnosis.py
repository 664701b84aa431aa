"""The signature of an answer is explained from its bytes alone (saas-v2 §2.6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from tradepost.check.answers import Answer
from tradepost.check.http_client import RawResponse
from tradepost.check.signature_diagnosis import explain_body_sign, read_body_sign
from tradepost.protocols.body_sign import body_sign
from tradepost.protocols.http import Request

KEY = "0123456789abcdef0123456789ABCDEF"
VALUE = {"resultCode": "000000", "resultMsg": "成功", "instanceId": "a-1"}
BODY = json.dumps(VALUE, separators=(",", ":")).encode()
REQUEST = Request("POST", "http://x/?signature=a&timestamp=1680508066618&nonce=n1", (), b'{"activity":"newInstance"}')


def mac(message: bytes, key: bytes = KEY.encode(), digest=hashlib.sha256) -> bytes:
    return hmac.new(key, message, digest).digest()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def explained(value: str | None, *, name: str = "Body-Sign", body: bytes = BODY) -> str | None:
    headers = () if value is None else ((name, value),)
    return explain_body_sign(Answer(REQUEST, RawResponse(status=200, headers=headers, body=body)), KEY)


def header(signature: str) -> str:
    return f'sign_type="HMAC-SHA256", signature="{signature}"'


def test_right_signature_needs_no_explanation():
    assert explained(body_sign(BODY, KEY)) is None


def test_published_vector_is_right():
    """saas-v2 §2.7."""
    body = b'{"resultCode":"000000","resultMsg":"success"}'
    assert explained(header("4Ag/ghbW4qNZp7VBOjdIIqSeezkhVW9Jt774KiTQdAg="), body=body) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no_body_sign", None),
        ("quotes_missing", f"sign_type=HMAC-SHA256, signature={b64(mac(BODY))}"),
        ("quotes_missing", f"sign_type='HMAC-SHA256', signature='{b64(mac(BODY))}'"),
        ("body_sign_format", b64(mac(BODY))),
        ("body_sign_format", f'sign_type="HMAC-SHA1", signature="{b64(mac(BODY))}"'),
        ("blank_after_colon", header(b64(mac(json.dumps(VALUE).encode())))),
        ("escaped_text", header(b64(mac(json.dumps(VALUE, separators=(",", ":"), ensure_ascii=False).encode())))),
        ("unsorted_keys", header(b64(mac(json.dumps(VALUE, separators=(",", ":"), sort_keys=True).encode())))),
        ("reserialised_json", header(b64(mac(json.dumps(VALUE, sort_keys=True).encode())))),
        ("reserialised_json", header(b64(mac(json.dumps(VALUE, indent=2).encode())))),
        ("trailing_newline", header(b64(mac(BODY + b"\n")))),
        ("trailing_newline", header(b64(mac(BODY + b"\r\n")))),
        ("bom", header(b64(mac(b"\xef\xbb\xbf" + BODY)))),
        ("signs_request", header(b64(mac(REQUEST.body)))),
        ("answer_plain_sha256", header(b64(hashlib.sha256(BODY).digest()))),
        ("answer_plain_sha256", header(hashlib.sha256(KEY.encode() + BODY).hexdigest())),
        ("answer_hex", header(mac(BODY).hex().upper())),
        ("answer_base64_of_hex", header(b64(mac(BODY).hex().encode()))),
        ("answer_other_digest", header(b64(mac(BODY, digest=hashlib.sha1)))),
        ("answer_swapped", header(b64(mac(KEY.encode(), BODY)))),
        ("answer_base64_key", header(b64(mac(BODY, bytes.fromhex(KEY))))),
        ("answer_key_in_text", header(b64(mac(KEY.encode() + BODY)))),
        ("answer_key_in_text", header(b64(mac(f"{KEY}n11680508066618{mac(BODY).hex()}".encode())))),
        ("answer_key_changed", header(b64(mac(BODY, f"{KEY}\n".encode())))),
        ("signs_empty_body", header(b64(mac(b"")))),
        ("signature_mismatch", header(b64(mac(BODY, b"quite another key")))),
    ],
)
def test_mistake_is_named(name, value):
    assert explained(value) == name


def test_answer_in_gbk_signed_in_utf8_is_named():
    text = json.dumps({"resultCode": "000000", "resultMsg": "成功"}, ensure_ascii=False)
    assert explained(header(b64(mac(text.encode()))), body=text.encode("gbk")) == "answer_in_gbk"
    assert explained(header(b64(mac(text.encode("gbk")))), body=text.encode()) == "answer_other_charset"


def test_other_spelling_of_the_header_is_named_if_its_value_is_valid():
    assert explained(body_sign(BODY, KEY), name="Body-sign") == "header_case"


def test_wrong_value_precedes_a_wrong_header_name():
    assert explained(header(b64(mac(BODY + b"\n"))), name="body-sign") == "trailing_newline"


@pytest.mark.parametrize("value", ["", ",", "=", '"', "signature", 'signature="', "sign_type=,signature=", "\x00=\x00"])
def test_any_header_can_be_read(value):
    assert read_body_sign(value)[1] in {"body_sign_format", "quotes_missing"}
