"""What is kept of an exchange holds no secret and no private data, and everything else as it was."""

from __future__ import annotations

import pytest

from tradepost.market.production.masking import masked, masked_headers, masked_url


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
