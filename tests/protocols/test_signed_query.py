"""Requests signed by a token in their query: vectors of saas-v1-license E1, and the traps of A1.2."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import resources
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.protocols.contract import Denied
from tradepost.protocols.hmac_sign import hmac_sha256_base64
from tradepost.protocols.http import Request
from tradepost.protocols.signed_query import auth_token, java_urlencode, open_request, sign_request, text_to_sign

VECTORS = json.loads(resources.files("tradepost.protocols.saas_v1").joinpath("golden/vectors.json").read_text("utf-8"))
KEY = VECTORS["key"]
NOW = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC)
PLACE = "https://isv.example.com/produce"
STAMP = "20260701120000123"


def pairs(data: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in data.split("&"))


def get(query: str) -> Request:
    return Request("GET", f"{PLACE}?{query}")


def signed(members: dict[str, str], **changed: str) -> dict[str, str]:
    members = {"timeStamp": STAMP, **members}
    return {**members, "authToken": auth_token(members, key=KEY), **changed}


def refusal(request: Request, *, key: str = KEY) -> tuple[str, str]:
    with pytest.raises(Denied) as denied:
        open_request(request, key=key)
    return denied.value.code, denied.value.message


@pytest.mark.parametrize("vector", VECTORS["auth_token"], ids=lambda vector: vector["name"])
def test_vectors_of_section_e1(vector):
    members = pairs(vector["data"])
    assert text_to_sign(dict(reversed(members.items()))) == vector["data"]
    assert auth_token(members, key=vector["key"]) == vector["authToken"]
    sent = {**members, "authToken": vector["authToken"]}
    assert open_request(get(urlencode(sent)), key=vector["key"]) == sent


def test_primitive_of_section_e1():
    primitive = VECTORS["hmac"]
    assert hmac_sha256_base64(primitive["key"], primitive["data"].encode()) == primitive["base64"]


def test_printed_wire_form_of_vector_7_is_read_section_e1():
    opened = open_request(get(VECTORS["wire_of_E1-7"]), key=KEY)
    assert opened["customerName"] == "测试 公司"
    assert text_to_sign(opened) == VECTORS["auth_token"][6]["data"]


def test_request_is_a_get_with_the_token_last_and_java_s_encoding_section_e1():
    request = sign_request({"b": "测 试~*+/=", "a": "1"}, address=PLACE, key=KEY, now=NOW)
    token = auth_token({"a": "1", "b": "测 试~*+/=", "timeStamp": STAMP}, key=KEY)
    assert (request.method, request.body) == ("GET", b"")
    assert request.url == (
        f"{PLACE}?a=1&b=%E6%B5%8B+%E8%AF%95%7E*%2B%2F%3D&timeStamp={STAMP}&authToken={quote(token, safe='')}"
    )


def test_java_urlencoder_leaves_letters_digits_and_four_marks():
    kept = "".join(chr(code) for code in range(128) if java_urlencode(chr(code)) == chr(code))
    assert kept == "*-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def test_upper_case_sorts_before_lower_case_section_a1_2():
    assert text_to_sign({"b": "1", "B": "2", "a": "3", "authToken": "x"}) == "B=2&a=3&b=1"


def test_names_sort_by_utf_16_units_as_in_java_section_a1_2():
    assert text_to_sign({"\uffff": "1", "\U0001f600": "2"}) == "\U0001f600=2&\uffff=1"


def test_parameters_of_the_address_are_signed_too_section_a1_2():
    """All request parameters are part of the token: a seller cannot tell which were in its address."""
    request = sign_request(
        {"activity": "x"}, address=f"{PLACE}?tenant=a+b&activity=y&authToken=z#top", key=KEY, now=NOW
    )
    opened = open_request(request, key=KEY)
    assert {name: value for name, value in opened.items() if name != "authToken"} == {
        "tenant": "a b",
        "activity": "x",
        "timeStamp": STAMP,
    }


@pytest.mark.parametrize("address", [f"{PLACE}?", f"{PLACE}?&", PLACE])
def test_address_may_end_in_a_bare_question_mark(address):
    request = sign_request({"a": "1"}, address=address, key=KEY, now=NOW)
    assert request.url.startswith(f"{PLACE}?a=1&timeStamp=")


def test_empty_and_unknown_parameters_are_signed_section_a1_2():
    members = signed({"activity": "x", "later": "1", "empty": ""})
    assert open_request(get(urlencode(members)), key=KEY) == members
    without = {name: value for name, value in members.items() if name != "empty"}
    assert refusal(get(urlencode(without))) == ("000001", "authToken does not match")


def test_any_order_of_parameters_is_read():
    members = signed({"b": "1", "a": "2", "Z": "3"})
    for order in (sorted(members), sorted(members, reverse=True)):
        query = urlencode({name: members[name] for name in order})
        assert open_request(get(query), key=KEY) == members


@pytest.mark.parametrize(
    "quoted", [lambda text: quote(text, safe=""), lambda text: quote(text, safe="+/="), java_urlencode]
)
def test_blanks_and_plus_signs_are_read_in_every_encoding_section_a1_2(quoted):
    """Blanks as ``%20`` or ``+``; the plus signs of Base64 encoded, or unencoded beside blanks as ``%20``."""
    members = signed({"email": "iv+b/64==", "customerName": "a b"})
    query = "&".join(f"{name}={quoted(value)}" for name, value in members.items())
    opened = open_request(get(query), key=KEY)
    assert (opened["email"], opened["customerName"]) == ("iv+b/64==", "a b")


def test_token_with_bare_plus_signs_is_read_section_a1_2():
    numbers = (signed({"a": str(number)}) for number in range(1000))
    members = next(found for found in numbers if "+" in found["authToken"])
    query = f"a={members['a']}&timeStamp={STAMP}&authToken={members['authToken']}"
    assert open_request(get(query), key=KEY)["a"] == members["a"]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Request("POST", f"{PLACE}?{urlencode(signed({}))}"), ("000002", "the method must be GET")),
        (Request("GET", "http://[/?a=1"), ("000002", "the URL cannot be read")),
        (get("a=1"), ("000002", "timeStamp is missing")),
        (get("timeStamp="), ("000002", "timeStamp is missing")),
        (get("timeStamp=1782907200000"), ("000002", "timeStamp is not a UTC time yyyyMMddHHmmssSSS")),
        (get("timeStamp=20261301000000000"), ("000002", "timeStamp is not a UTC time yyyyMMddHHmmssSSS")),
        (get(f"timeStamp={STAMP}"), ("000001", "authToken is missing")),
        (get(f"timeStamp={STAMP}&authToken="), ("000001", "authToken is missing")),
        (get(urlencode(signed({"a": "1"}, a="2"))), ("000001", "authToken does not match")),
        (get(urlencode(signed({}, timeStamp="20260701120000124"))), ("000001", "authToken does not match")),
        (get(urlencode(signed({"a": "1"})) + "&a=1"), ("000002", "a parameter appears twice")),
        (get(urlencode(signed({"a": "1"})) + "&%61=2"), ("000002", "a parameter appears twice")),
        (get("a=%FF"), ("000002", "the query is not UTF-8")),
        (get("a=\ud800"), ("000002", "the query is not UTF-8")),
        (get("&".join(f"a{n}=" for n in range(201))), ("000002", "the query has more than 200 parameters")),
    ],
)
def test_invalid_request_is_refused(request_, reason):
    assert refusal(request_) == reason


def test_other_key_is_refused_and_an_empty_one_opens_nothing():
    members = {"timeStamp": STAMP, "a": "1"}
    members["authToken"] = auth_token(members, key="")
    assert refusal(get(urlencode(members)), key="") == ("000001", "authToken does not match")
    assert refusal(get(urlencode(signed({}))), key="another") == ("000001", "authToken does not match")


def test_age_is_not_checked_section_a1_2():
    """No freshness window is documented for this family."""
    members = {"timeStamp": "20170725025113409"}
    members["authToken"] = auth_token(members, key=KEY)
    assert open_request(get(urlencode(members)), key=KEY) == members


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in {"authToken", "timeStamp"}
)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(names, values, max_size=8))
def test_any_signed_request_is_opened(members):
    request = sign_request(members, address=PLACE, key=KEY, now=NOW)
    opened = open_request(request, key=KEY)
    assert opened == {**members, "timeStamp": STAMP, "authToken": opened["authToken"]}
    # The result of the project's reader equals that of any form parser.
    assert dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=bool(members))) == opened


@given(st.text(max_size=60))
def test_unsigned_request_is_only_refused(query):
    code, message = refusal(get(query))
    assert code in {"000001", "000002"}
    assert KEY not in message
