"""Stored exchanges contain no secrets and no private data; everything else is unchanged."""

from __future__ import annotations

import json

import pytest

from tradepost.market.production.masking import MASK, masked, masked_headers, masked_people, masked_url


def test_private_parts_of_a_url_are_masked_and_the_rest_kept_byte_for_byte() -> None:
    """saas-v1-license A1, A2.1: token and private fields of older versions stand in the query."""
    sent = (
        "http://a.example/produce?own=1%2B2&activity=newInstance&email=AbC%2Bd%3D&mobilePhone=x%2Fy&userName=li+lei"
        "&customerName=%E6%B5%8B&userId=&authToken=F%2FkiBW7k%3D"
    )
    assert masked_url(sent) == (
        "http://a.example/produce?own=1%2B2&activity=newInstance&email=••••&mobilePhone=••••&userName=••••"
        "&customerName=%E6%B5%8B&userId=&authToken=••••"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/email=x/produce?signature=AB&timestamp=1&nonce=N",
        "http://a.example/produce?customerUserName=li&myemail=1",
        "http://a.example/produce?email=&userName=",
    ],
)
def test_similar_parameters_are_kept(url: str) -> None:
    assert masked_url(url) == url


def test_token_header_is_masked() -> None:
    """saas-v1-license §0: the first joint kit carries authToken as a header."""
    assert masked_headers((("authToken", "abc"), ("Accept", "*/*"))) == (("authToken", "••••"), ("Accept", "*/*"))


def test_secrets_of_a_body_are_masked() -> None:
    assert masked(b'{"clientSecret": "s\\"x", "clientId":"c","license":"L","instanceId":"i"}') == (
        '{"clientSecret": "••••", "clientId":"c","license":"••••","instanceId":"i"}'
    )


PERSON = {
    "userName": "zhang01", "name": "张三", "orgCode": "D100", "position": "Ops", "role": "admin", "enable": "true",
    "employeeType": 1, "mobile": "13800000000", "email": "", "workPlace": "南京", "extension": {"badge": "7"},
}  # fmt: skip
KEPT = {"userName": "zhang01", "orgCode": "D100", "role": "admin", "enable": "true", "email": ""}


@pytest.mark.parametrize("as_text", [False, True])
def test_only_accounts_of_synchronised_people_are_kept(as_text: bool) -> None:
    """openapi-jointkit §A.7: ``userList`` is an array in the newer version and its JSON as a text in the older one."""
    people = json.dumps([PERSON]) if as_text else [PERSON]
    masked = masked_people(json.dumps({"instanceId": "i1", "userList": people, "flag": 1}).encode())
    body = json.loads(masked)
    assert (body["instanceId"], body["flag"], type(body["userList"])) == ("i1", 1, str if as_text else list)
    [person] = json.loads(body["userList"]) if as_text else body["userList"]
    assert person == KEPT | dict.fromkeys(
        ["name", "position", "employeeType", "mobile", "workPlace", "extension"], MASK
    )
    assert not any(private in masked for private in ("张三", "1380", "南京", "Ops", "badge"))


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"{}", b'{"userList":"x"}', b'{"userList":[1]}', b'{"userList":3}']
)
def test_invalid_list_of_people_is_masked_completely(body: bytes) -> None:
    assert masked_people(body) == MASK
