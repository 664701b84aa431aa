"""The client against a market that verifies the signature and answers as the order query does (openapi-jointkit §C.4)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.kit.market import Market, open_market, self_signed
from tests.kit.market_answers import NOW, ORDER, failed, found
from tradepost.kit.client import MarketClient, MarketError
from tradepost.protocols.http import Response
from tradepost.protocols.open_api.errors import api_response
from tradepost.protocols.open_api.order_query import PATH


@pytest.fixture
def market() -> Iterator[Market]:
    with open_market(lambda: NOW) as told:
        yield told


def client(market: Market) -> MarketClient:
    return MarketClient(market.url, "AK1", "secret", pause=0, clock=lambda: NOW)


def test_order_query_has_a_signature_that_the_market_verifies(market):
    market.answers = [found()]
    assert client(market).order("MOCKPERIODYEARNEW", "MOCKPERIODYEARNEW-000001") == ORDER
    (asked,) = market.asked
    assert asked.path == PATH
    assert asked.query == {"orderId": "MOCKPERIODYEARNEW", "orderLineId": "MOCKPERIODYEARNEW-000001"}
    assert (asked.header("Authorization") or "").startswith("SDK-HMAC-SHA256 Access=AK1, ")


def test_line_is_omitted_for_all_lines_and_ids_are_encoded(market):
    market.answers = [found()]
    client(market).order("a b+c&云")
    assert market.asked[0].query == {"orderId": "a b+c&云"}


def test_refusal_has_code_and_message_and_is_not_repeated(market):
    market.answers = [failed(406, "MKT.0250", Retry_After="7")]
    with pytest.raises(MarketError) as refused:
        client(market).order("CS1")
    error = refused.value
    assert (error.code, error.message, error.status, error.retry_after) == ("MKT.0250", "words", 406, 7)
    assert len(market.asked) == 1


def test_server_error_is_retried(market):
    market.answers = [failed(500, "MKT.0999"), failed(503, ""), found()]
    assert client(market).order("MOCKPERIODYEARNEW") == ORDER
    assert len(market.asked) == 3


def test_persistent_server_error_is_raised_after_three_attempts(market):
    market.answers = [failed(500, "MKT.0999")]
    with pytest.raises(MarketError, match=r"MKT\.0999: words"):
        client(market).order("CS1")
    assert len(market.asked) == 3


@pytest.mark.parametrize(
    "answer",
    [Response(200, (), b"<html>"), api_response(200, {"resultCode": "MKT.0000", "resultMsg": "Success"})],
    ids=["no-json", "no-order"],
)
def test_undocumented_answer_is_unreadable(market, answer):
    market.answers = [answer]
    with pytest.raises(MarketError) as refused:
        client(market).order("CS1")
    assert (refused.value.code, refused.value.status) == ("unreadable", 200)
    assert len(market.asked) == 1


def test_missing_market_is_unreachable(market):
    nobody = MarketClient("http://127.0.0.1:1", "AK1", "secret", pause=0)
    with pytest.raises(MarketError) as refused:
        nobody.order("CS1")
    assert (refused.value.code, refused.value.status) == ("unreachable", 0)


@pytest.mark.parametrize("address", ["http://market.example.com", "market.example.com", "ftp://127.0.0.1", "https://"])
def test_addresses_that_could_leak_are_refused(address):
    with pytest.raises(ValueError):
        MarketClient(address, "AK1", "secret")
    assert MarketClient("http://market.example.com", "AK1", "secret", insecure_http=True).market.startswith("http:")


def test_unverified_tls_is_refused():
    """saas-v2 §3.8: HTTPS only, strict certificate check."""
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="must verify"):
        MarketClient("https://market.example.com", "AK1", "secret", tls=unverified)


def test_untrusted_certificate_ends_the_call_before_the_request(tmp_path):
    """saas-v2 §3.8: strict certificate check; the client accepts the authority of a market with its own one."""
    certificate = self_signed(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    with open_market(lambda: NOW, server) as market:
        market.answers = [found()]
        with pytest.raises(MarketError, match="CERTIFICATE_VERIFY_FAILED"):
            client(market).order("MOCKPERIODYEARNEW")
        assert market.asked == []
        trusting = replace(client(market), tls=ssl.create_default_context(cafile=certificate))
        assert trusting.order("MOCKPERIODYEARNEW") == ORDER


def test_secret_is_not_in_the_representation():
    assert "secret" not in repr(MarketClient("https://market.example.com", "AK1", "secret"))
