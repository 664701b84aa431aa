"""What is kept of an exchange holds no secret and no private data, and everything else as it was."""

from __future__ import annotations

import json

import pytest

from tradepost.market.production.masking import HIDDEN, masked, masked_headers, masked_people, masked_url


def test_private_parts_of_a_url_are_hidden_and_the_rest_kept_byte_for_byte() -> None:
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
def test_what_only_looks_like_it_is_kept(url: str) -> None:
    assert masked_url(url) == url


def test_a_token_header_is_hidden() -> None:
    """saas-v1-license §0: the first joint kit carries authToken as a header."""
    assert masked_headers((("authToken", "abc"), ("Accept", "*/*"))) == (("authToken", "••••"), ("Accept", "*/*"))


def test_secrets_of_a_body_are_hidden() -> None:
    assert masked(b'{"clientSecret": "s\\"x", "clientId":"c","license":"L","instanceId":"i"}') == (
        '{"clientSecret": "••••", "clientId":"c","license":"••••","instanceId":"i"}'
    )


PERSON = {
    "userName": "zhang01", "name": "张三", "orgCode": "D100", "position": "Ops", "role": "admin", "enable": "true",
    "employeeType": 1, "mobile": "13800000000", "email": "", "workPlace": "南京", "extension": {"badge": "7"},
}  # fmt: skip
KEPT = {"userName": "zhang01", "orgCode": "D100", "role": "admin", "enable": "true", "email": ""}


@pytest.mark.parametrize("as_text", [False, True])
def test_of_people_who_are_told_a_seller_the_account_alone_is_kept(as_text: bool) -> None:
    """openapi-jointkit §A.7: ``userList`` is an array in the newer version and its JSON as a text in the older one."""
    people = json.dumps([PERSON]) if as_text else [PERSON]
    kept = masked_people(json.dumps({"instanceId": "i1", "userList": people, "flag": 1}).encode())
    told = json.loads(kept)
    assert (told["instanceId"], told["flag"], type(told["userList"])) == ("i1", 1, str if as_text else list)
    [one] = json.loads(told["userList"]) if as_text else told["userList"]
    assert one == KEPT | dict.fromkeys(["name", "position", "employeeType", "mobile", "workPlace", "extension"], HIDDEN)
    assert not any(private in kept for private in ("张三", "1380", "南京", "Ops", "badge"))


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"{}", b'{"userList":"x"}', b'{"userList":[1]}', b'{"userList":3}']
)
def test_what_is_no_list_of_people_is_hidden_as_a_whole(body: bytes) -> None:
    assert masked_people(body) == HIDDEN
