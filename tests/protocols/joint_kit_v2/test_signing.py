"""Signature and paths of the joint-operation kit 2.0 (openapi-jointkit §A.0, §A.2; saas-v2 §2.7)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.exchange import ADDRESS, KEY, NONCE, NOW, Wire
from tests.protocols.sync_samples import AT, AUTH, KIT_KEY, ORG, TENANT
from tradepost.protocols.contract import Denied
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.http import Request
from tradepost.protocols.joint_kit_v2 import PROTOCOL
from tradepost.protocols.joint_kit_v2.signing import x_sign
from tradepost.protocols.sync_commands import Department

WIRE = Wire(PROTOCOL)


VECTOR_NONCE = "9F3C0E5A7B1D2468ACE013579BDF02468ACE13579BDF02468ACE13579BDF0246"


def test_vector_of_section_a_2():
    request = PROTOCOL.encode(TENANT, address="https://example.isv.com", key=KIT_KEY, now=AT, nonce=VECTOR_NONCE)
    assert request == Request(
        "POST",
        "https://example.isv.com/produceAPI/v2/tenantSync",
        (
            ("Content-Type", "application/json"),
            ("x-sign", "4de4457acc035fd27681b0c5b2074df468a8572c3076b121672e95ca8556f218".upper()),
            ("x-timestamp", "1735689600000"),
            ("x-nonce", VECTOR_NONCE),
        ),
        b'{"domainName":"https://acme.example-auth.com","flag":1,"instanceId":"inst-0001","name":"Acme Ltd",'
        b'"orderId":"CS2501010000ABCDE","tenantCode":"acme","tenantId":"tenant-0001","testFlag":0,'
        b'"timeStamp":"20250101080000000"}',
    )
    assert PROTOCOL.open(request, key=KIT_KEY, now=AT, nonce_seen=lambda nonce, until: False) == TENANT


@pytest.mark.parametrize(
    ("body", "timestamp", "nonce", "expected"),
    [
        (
            (
                '{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8","orderId":"CS2211181819B4LVS",'
                '"orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}'
            ),
            "1680508066618",
            "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA",
            "7fca16f2d47ae15ca67988662e2195fd44f4fd3feaf29ef043c308b94a3307e6",
        ),
        (
            '{"activity":"updateInstanceStatus","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","status":"FREEZE"}',
            "1680509558159",
            "9F26B85CAEB3A8439221BA293E9250BC5EA689225B523C291EA75CC76B469510",
            "c024fdaa52473002efdfec9fe06ff6a11874c07de71d9ce179d493ef16ac3888",
        ),
        (
            (
                '{"activity":"changeInstanceCheck","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","productInfo":'
                '{"linearValue":5,"productId":"OFFI461867333479178240","productName":"测试/Test",'
                '"skuCode":"d0abcd12-1234-5678-ab12-11ab111a1a1a"}}'
            ),
            "1680510876429",
            "D8FE86FA6ABE90CA63A72B3256743D3D869648FE99A96354E635F032629F6C21",
            "d1c126a3bce6b97c9d8b375b6a9e70e31cf255de8051703996f88c934c030460",
        ),
    ],
)
def test_x_sign_column_of_saas_v2_section_2_7(body, timestamp, nonce, expected):
    assert x_sign(key=KEY, nonce=nonce, timestamp=timestamp, payload=body.encode()) == expected.upper()


def resigned(request, body: bytes, *, over: bytes | None = None) -> Request:
    """Return the request with other bytes, signed over them or over a form of them."""
    timestamp = str(epoch_ms(NOW))
    sign = x_sign(key=KEY, nonce=NONCE, timestamp=timestamp, payload=body if over is None else over)
    headers = tuple((name, sign.lower() if name == "x-sign" else value) for name, value in request.headers)
    return replace(request, headers=headers, body=body)


def test_sender_may_sign_the_sorted_form_without_nulls_section_a_2():
    sent = b'{ "tenantId":"t","orgCode":"D","orgName":"N","note":null,"flag":1,"testFlag":0,"timeStamp":"20250101080000000"}'
    form = b'{"flag":1,"orgCode":"D","orgName":"N","tenantId":"t","testFlag":0,"timeStamp":"20250101080000000"}'
    opened = WIRE.open(resigned(WIRE.encode(ORG), sent, over=form))
    assert opened == replace(ORG, instance_id="", tenant_id="t", department=Department(code="D", name="N"))


def without(request, name):
    return replace(request, headers=tuple(pair for pair in request.headers if pair[0] != name))


def with_header(request, name, value):
    return replace(without(request, name), headers=(*without(request, name).headers, (name, value)))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda r: without(r, "x-timestamp"), ("000002", "timestamp is missing")),
        (lambda r: with_header(r, "x-timestamp", "soon"), ("000002", "timestamp is not a number of milliseconds")),
        (
            lambda r: with_header(r, "x-timestamp", str(epoch_ms(NOW) - 60001)),
            ("000002", "timestamp is 60 s before the receiver's clock, 60 s are allowed"),
        ),
        (lambda r: without(r, "x-nonce"), ("000002", "nonce is missing")),
        (lambda r: without(r, "x-sign"), ("000001", "signature is missing")),
        (lambda r: with_header(r, "x-sign", "0" * 64), ("000001", "signature does not match")),
        (lambda r: replace(r, body=r.body + b" "), None),
        (lambda r: replace(r, body=r.body.replace(b"QA", b"QB")), ("000001", "signature does not match")),
    ],
)
def test_checks_of_section_a_2_in_their_order(change, refusal):
    request = change(WIRE.encode(ORG))
    if refusal is None:  # blanks do not change the canonical form
        assert WIRE.open(request) == ORG
    else:
        assert WIRE.denied(request) == refusal


def test_nonce_is_valid_once_and_only_a_signed_request_uses_it_up():
    seen: set[str] = set()

    def nonce_seen(nonce, until):
        known = nonce in seen
        seen.add(nonce)
        return known

    request = WIRE.encode(ORG)
    with pytest.raises(Denied):
        PROTOCOL.open(with_header(request, "x-sign", "00"), key=KEY, now=NOW, nonce_seen=nonce_seen)
    assert PROTOCOL.open(request, key=KEY, now=NOW, nonce_seen=nonce_seen) == ORG
    with pytest.raises(Denied, match="000001: nonce was used before"):
        PROTOCOL.open(request, key=KEY, now=NOW, nonce_seen=nonce_seen)


def test_empty_key_signs_nothing():
    request = PROTOCOL.encode(ORG, address=ADDRESS, key="", now=NOW, nonce=NONCE)
    assert WIRE.denied(request, key="") == ("000001", "signature does not match")


# --- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://example.isv.com", "https://example.isv.com/produceAPI/v2/authSync"),
        ("https://example.isv.com/", "https://example.isv.com/produceAPI/v2/authSync"),
        ("https://example.isv.com/isv/produce", "https://example.isv.com/isv/produce/produceAPI/v2/authSync"),
        ("https://example.isv.com/p?site=cn#x", "https://example.isv.com/p/produceAPI/v2/authSync?site=cn"),
    ],
)
def test_path_follows_the_address_section_a_0(address, url):
    request = WIRE.encode(AUTH, address=address)
    assert request.url == url
    assert WIRE.open(request) == AUTH


@pytest.mark.parametrize(
    "url",
    [
        "https://isv.example.com/produce",
        "https://isv.example.com/produceAPI/tenantSync",
        "https://isv.example.com/produceAPI/v2/tenantsync",
        "https://isv.example.com/produceAPI/v2/tenantSync/x",
        "https://isv.example.com/x?y=/produceAPI/v2/tenantSync",
        "https://[isv/produceAPI/v2/tenantSync",
    ],
)
def test_other_path_is_000002(url):
    assert WIRE.denied(replace(WIRE.encode(TENANT), url=url))[0] == "000002"


@given(
    st.text(max_size=40), st.dictionaries(st.sampled_from(["x-sign", "x-timestamp", "x-nonce"]), st.text()), st.binary()
)
def test_unsigned_request_is_only_denied(path, headers, body):
    request = Request("POST", f"https://isv.example.com{path}", (*headers.items(),), body)
    assert WIRE.denied(request)[0] in {"000001", "000002"}
    assert WIRE.denied(replace(request, url=f"{ADDRESS}/produceAPI/v2/authSync"))[0] in {"000001", "000002"}
