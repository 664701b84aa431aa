"""API requests skip middleware that only pages need; the protection of responses still applies to them."""

from __future__ import annotations

import pytest

from tests.market.open_api.asking import HOST, Shop

PATH = "/api/mkp-openapi-public/global/v1/order/query"


def test_api_response_has_security_headers_but_no_cookie_or_language(client, shop: Shop) -> None:
    answer = client.get(PATH, headers={"host": HOST, "Accept-Language": "en"})
    assert answer.status_code == 401
    assert not answer.cookies
    assert "Content-Language" not in answer
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["Content-Length"] == str(len(answer.content))


def test_unknown_host_is_refused(client, shop: Shop) -> None:
    for path in (PATH, "/api/anything"):
        assert client.get(path, headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/api/anything", "/api/", "/api", "//api/anything", f"/{PATH}", "///api", "/api//x"])
def test_unknown_api_path_gets_the_gateways_404(client, shop: Shop, path: str) -> None:
    """openapi-jointkit C.2. A doubled slash, which comes from joining base and path, gets the same response."""
    answer = client.generic("POST", "/", headers={"host": HOST}, PATH_INFO=path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")
