"""The client's behaviour on errors: helpful messages, no repeated effects, no retries before the market allows them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

import pytest

from tests import waiting
from tests.kit.market import HANG_UP, Market, open_market, open_proxy, self_signed
from tests.kit.market_answers import ORDER, RECORD, failed, found
from tradepost.kit.client import MarketClient, MarketError
from tradepost.kit.connecting import route_to
from tradepost.protocols.http import Response
from tradepost.protocols.open_api.errors import api_response, error_envelope

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DATE = "Tue, 24 Nov 2026 08:00:00 GMT"


@pytest.fixture
def market() -> Iterator[Market]:
    with open_market(lambda: NOW) as told:
        yield told


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def client(market: Market, *, late: timedelta = timedelta(0)) -> MarketClient:
    return MarketClient(market.url, "AK1", "secret", pause=0, base_key="key", clock=lambda: NOW + late)


def refused(market: MarketClient) -> MarketError:
    with pytest.raises(MarketError) as error:
        market.order("CS1")
    return error.value


def unauthorized(**headers: str) -> Response:
    return api_response(
        401, error_envelope("APIGW.0301", "Incorrect IAM authentication information."), tuple(headers.items())
    )


@pytest.mark.parametrize(
    ("late", "words"),
    [
        (timedelta(minutes=20), "; this machine's clock is 20 minutes ahead of the market's"),
        (-timedelta(hours=8), "; this machine's clock is 480 minutes behind the market's"),
        (timedelta(minutes=2), ""),
    ],
)
def test_wrong_clock_is_named(late: timedelta, words: str) -> None:
    """openapi-jointkit §C.0: answers have a Date; §C.1: the date is signed."""
    with open_market(lambda: NOW + late) as market:
        market.answers = [unauthorized(Date=DATE)]
        assert refused(client(market, late=late)).message == f"Incorrect IAM authentication information.{words}"


def test_redirect_is_not_followed_and_its_host_is_named(market: Market) -> None:
    """business-rules §11.1: 3xx redirect. The signature is for this host alone."""
    market.answers = [Response(301, (("Location", "https://elsewhere.example.com/secret?x"),), b"moved")]
    error = refused(client(market))
    assert (error.code, error.status) == ("unreadable", 301)
    assert error.message.startswith("HTTP status 301, a redirect to https://elsewhere.example.com: the body is not")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("Tue, 24 Nov 2026 08:01:30 GMT", 90), ("Tue, 24 Nov 2026 07:00:00 GMT", 0), ("soon", None)],
)
@pytest.mark.parametrize(("status", "code"), [(413, "APIGW.0201"), (429, "APIGW.0308"), (503, "APIGW.0613")])
def test_retry_after_is_respected(market: Market, status: int, code: str, header: str, seconds: int | None) -> None:
    """business-rules §11.1: 413 with Retry-After when temporary; in HTTP it is a number of seconds or a date."""
    market.answers = [failed(status, code, Retry_After=header, Date=DATE)]
    error = refused(client(market))
    assert (error.status, error.code, error.retry_after) == (status, code, seconds)
    assert len(market.asked) == 1


def test_failed_precondition_is_not_repeated(market: Market) -> None:
    """business-rules §11.1: 412, a precondition is not met."""
    market.answers = [failed(412, "MKT.0199")]
    assert (refused(client(market)).status, len(market.asked)) == (412, 1)


def test_message_says_whether_the_market_may_have_acted(market: Market) -> None:
    market.answers = [HANG_UP]
    with pytest.raises(MarketError, match="did not answer; it may have done what was asked") as lost:
        client(market).activate_license("PL1")
    assert (lost.value.sent, len(market.asked)) == (True, 1)
    nobody = MarketClient("http://127.0.0.1:1", "AK1", "secret", pause=0)
    with pytest.raises(MarketError, match="could not be reached; nothing was sent") as unsent:
        nobody.activate_license("PL1")
    assert not unsent.value.sent


def test_wrong_base_key_is_named(market: Market) -> None:
    """openapi-jointkit §C.5: the push is signed with the base key, and 401 is Auth failed."""
    market.answers = [api_response(401, error_envelope("94060002", "Auth failed!"))]
    with pytest.raises(
        MarketError, match="Auth failed!; base_key is the signing key of the base interfaces, not the SK"
    ):
        client(market).push_usage([RECORD])


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 on this machine")
def test_market_with_an_ipv6_address_is_reached(tmp_path: Path) -> None:
    with open_market(lambda: NOW, host="::1") as market:
        market.answers = [found()]
        assert client(market).order("MOCKPERIODYEARNEW") == ORDER
        assert (market.asked[0].header("Host") or "").startswith("[::1]:")


# --- connections that break ---------------------------------------------------------------------------------------------


@contextmanager
def market_of(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A market that handles each connection in this way and then closes it."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            answer(self.request)

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join(waiting.TIMEOUT)
        server.server_close()


def test_truncated_response_is_requested_again() -> None:
    whole, tries = found(), [True, False]

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        sent = whole.body[:40] if tries.pop(0) else whole.body
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(whole.body), sent))

    with market_of(answer) as url:
        assert MarketClient(url, "AK1", "secret", pause=0, clock=lambda: NOW).order("MOCKPERIODYEARNEW") == ORDER
    assert tries == []


def test_call_that_may_have_taken_effect_is_not_repeated_after_a_truncated_response() -> None:
    asked: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{")

    with market_of(answer) as url, pytest.raises(MarketError, match="it may have done what was asked: IncompleteRead"):
        MarketClient(url, "AK1", "secret", pause=0).activate_license("PL1")
    assert len(asked) == 1


def test_too_large_body_is_refused_with_the_market_s_message() -> None:
    """openapi-jointkit §C.2: 413 .0201 Request entity too large (>12 MB); the rest of the body is not read."""
    refusal = api_response(413, error_envelope("APIGW.0201", "Request entity too large."))

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        head = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(refusal.body)
        connection.sendall(head + refusal.body)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            """Read on, as a server does that closes properly."""

    with market_of(answer) as url, pytest.raises(MarketError) as error:
        MarketClient(url, "AK1", "secret", pause=0).upload_file("e1", "large.bin", b"x" * 13_000_000)
    assert (error.value.code, error.value.status) == ("APIGW.0201", 413)


# --- proxies -----------------------------------------------------------------------------------------------------------


def test_proxy_of_the_environment_forwards_bytes_and_the_certificate_is_the_market_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """saas-v2 §3.8: HTTPS only, strict certificate check, through a proxy as well."""
    certificate = self_signed(tmp_path, "market.example.com")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=certificate)
    with open_market(lambda: NOW, server) as market, open_proxy() as proxy:
        market.answers = [found()]
        proxy.leads_to, market.url = urlsplit(market.url).port or 0, "https://market.example.com"
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:p%40ss@"))
        trusting = MarketClient(market.url, "AK1", "secret", pause=0, clock=lambda: NOW, tls=trust)
        assert trusting.order("MOCKPERIODYEARNEW") == ORDER
        assert proxy.asked == ["market.example.com:443"]
        assert proxy.credentials == ["Basic bWU6cEBzcw=="]
        proxy.refuses = True
        error = refused(trusting)
        assert (error.code, error.sent) == ("unreachable", False)
        assert "407 Proxy Authentication Required" in error.message
        assert len(market.asked) == 1


def test_no_proxy_is_used_for_this_machine_or_hosts_in_no_proxy(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    market.answers = [found()]
    assert client(market).order("MOCKPERIODYEARNEW") == ORDER
    monkeypatch.setenv("no_proxy", "example.com")
    assert route_to("https://market.example.com/x?y=1", timeout=1, tls=None).connection.host == "market.example.com"
    through = route_to("https://market.example.org/x?y=1", timeout=1, tls=None)
    assert (through.connection.host, through.target) == ("127.0.0.1", "/x?y=1")
    plain = route_to("http://market.example.org/x?y=1", timeout=1, tls=None)
    assert (plain.connection.host, plain.target) == ("127.0.0.1", "http://market.example.org/x?y=1")


def test_unsupported_kind_of_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1080")
    error = refused(MarketClient("https://market.example.com", "AK1", "secret", pause=0))
    assert "the proxy for https is not an address like http://proxy.example.com:3128" in error.message
    assert not error.sent
