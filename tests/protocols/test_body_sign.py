"""The Body-Sign header (saas-v2 §2.6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.body_sign import body_sign, body_sign_problem
from tradepost.protocols.commands import Fault
from tradepost.protocols.http import Response
from tradepost.protocols.json_answer import json_answer
from tradepost.protocols.registry import protocols

KEY = "0123456789abcdef0123456789ABCDEF"
BODY = b'{"resultCode":"000000","resultMsg":"success"}'
SIGNATURE = "4Ag/ghbW4qNZp7VBOjdIIqSeezkhVW9Jt774KiTQdAg="


def test_header_is_spelled_as_documented():
    assert body_sign(BODY, KEY) == f'sign_type="HMAC-SHA256", signature= "{SIGNATURE}"'


@pytest.mark.parametrize(
    "value",
    [
        f'sign_type="HMAC-SHA256", signature= "{SIGNATURE}"',
        f'sign_type="HMAC-SHA256", signature="{SIGNATURE}"',
        f'sign_type="HMAC-SHA256",signature="{SIGNATURE}"',
    ],
)
def test_blank_after_signature_is_optional(value):
    assert body_sign_problem((("Body-Sign", value),), BODY, KEY) is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (f"sign_type=HMAC-SHA256, signature={SIGNATURE}", "with double quotes"),
        (f'sign_type="HMAC-SHA1", signature="{SIGNATURE}"', "sign_type “HMAC-SHA1”; expected HMAC-SHA256"),
        ('sign_type="HMAC-SHA256", signature=""', "does not sign this body of 45 bytes"),
        ('sign_type="HMAC-SHA256", signature="\ud800é"', "does not sign this body of 45 bytes"),
        ("", "with double quotes"),
    ],
)
def test_invalid_value_is_wrong_with_a_reason(value, says):
    problem = body_sign_problem((("Body-Sign", value),), BODY, KEY)
    assert problem is not None
    assert problem.missing is False
    assert says in problem.detail


def test_name_in_another_case_counts_as_missing_and_is_named():
    problem = body_sign_problem((("body-sign", body_sign(BODY, KEY)),), BODY, KEY)
    assert problem is not None
    assert problem.missing is True
    assert problem.detail == "the answer has the header “body-sign”; its name must be spelled exactly Body-Sign"


def test_wrong_value_under_another_case_is_wrong():
    problem = body_sign_problem((("body-sign", body_sign(b"other", KEY)),), BODY, KEY)
    assert problem is not None
    assert problem.missing is False


def test_no_header_is_missing():
    problem = body_sign_problem((("Content-Type", "application/json"),), BODY, KEY)
    assert problem is not None
    assert (problem.missing, problem.detail) == (True, "the answer has no Body-Sign header")


@given(st.binary(), st.binary(), st.text(min_size=1))
def test_signature_is_valid_for_its_body_only(body, other, key):
    headers = (("Body-Sign", body_sign(body, key)),)
    assert body_sign_problem(headers, body, key) is None
    assert (body_sign_problem(headers, other, key) is None) is (body == other)


ASKS = {
    "saas_v1": True, "saas_v2": True, "license_v1": True, "joint_kit_v1": True, "joint_kit_v2": True,
    "license_code": False, "license_online": False, "order_notice": False,
}  # fmt: skip
"""saas-v1-license §0, "Auth of response": "Body-Sign header" or "none documented"; saas-v2 §2.6."""


def test_table_names_every_protocol():
    assert set(ASKS) == set(protocols())


@pytest.mark.parametrize("name", ASKS)
def test_protocol_declares_whether_it_requires_signed_answers(name):
    """And requires them for every command that it has. A wrong signature is refused in any case."""
    spoken = protocols()[name]
    assert spoken.asks_body_sign is ASKS[name]
    for kind in spoken.activities:
        command = object.__new__(kind)
        signed = json_answer({"resultCode": "000005", "resultMsg": "x"}, key=KEY)
        bare = Response(signed.status, tuple(h for h in signed.headers if h[0] != "Body-Sign"), signed.body)
        wrong = Response(signed.status, json_answer({}, key=KEY).headers, signed.body)
        read = spoken.decode(command, bare, key=KEY, require_body_sign=True)
        assert (getattr(read, "fault", None) is Fault.BODY_SIGN_MISSING) is ASKS[name], kind
        assert getattr(spoken.decode(command, wrong, key=KEY), "fault", None) is Fault.BODY_SIGN_WRONG
