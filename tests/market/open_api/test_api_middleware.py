"""Programs pass by what only people's pages need; what protects every answer still applies to them."""

from __future__ import annotations

import pytest

from tests.market.open_api.asking import HOST, Shop

PATH = "/api/mkp-openapi-public/global/v1/order/query"


def test_an_answer_to_a_program_has_no_cookie_and_no_language_but_every_protection(client, shop: Shop) -> None:
    answer = client.get(PATH, headers={"host": HOST, "Accept-Language": "en"})
    assert answer.status_code == 401
    assert not answer.cookies
    assert "Content-Language" not in answer
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["Content-Length"] == str(len(answer.content))


def test_a_host_that_is_not_the_markets_is_refused(client, shop: Shop) -> None:
    for path in (PATH, "/api/anything"):
        assert client.get(path, headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/api/anything", "/api/", "/api", "//api/anything", f"/{PATH}", "///api", "/api//x"])
def test_an_address_without_api_answers_as_the_gateway(client, shop: Shop, path: str) -> None:
    """openapi-jointkit C.2; a client that joins its base and a path with a slash too many is a program as well."""
    answer = client.generic("POST", "/", headers={"host": HOST}, PATH_INFO=path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")
