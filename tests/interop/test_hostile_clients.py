"""Hostile bytes for the web server: each client gets a response, and others are not delayed."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from django.templatetags.static import static

from tests.interop.conftest import Market
from tradepost.protocols.open_api.order_query import PATH

pytestmark = pytest.mark.slow

WITHIN = 30
API = PATH.encode()
CLOSE = b"Connection: close\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


def connect(market: Market) -> socket.socket:
    return socket.create_connection(("127.0.0.1", market.port), timeout=WITHIN)


def host(market: Market) -> bytes:
    return b"Host: 127.0.0.1:%d\r\n" % market.port


def ask(
    market: Market, line: bytes, *headers: bytes, body: bytes = b"", named: bool = True
) -> tuple[int, bytes, bytes]:
    """Return status, head and body of the response. There must be exactly one."""
    with connect(market) as connection:
        connection.sendall(b"".join([line, b"\r\n", host(market) if named else b"", *headers, CLOSE, b"\r\n", body]))
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, content = answer.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", head)
    assert found, answer[:200]
    return int(found[1]), head, content


def lives(market: Market) -> bool:
    return ask(market, b"GET /healthz HTTP/1.1")[0] == 200


MANY = tuple(b"X-%d: y\r\n" % number for number in range(10_000))
REQUESTS: Mapping[str, tuple[bytes, tuple[bytes, ...], bytes, int]] = {
    "a header of 1 MB": (b"GET / HTTP/1.1", (b"X: " + b"y" * 1_000_000 + b"\r\n",), b"", 431),
    "10,000 headers": (b"GET / HTTP/1.1", MANY, b"", 431),
    "5,000 cookies": (b"GET / HTTP/1.1", (b"Cookie: " + b"; ".join(b"a%d=b" % n for n in range(5000)) + b"\r\n",), b"", 200),
    "a path of 100 KB": (b"GET /" + b"a" * 100_000 + b" HTTP/1.1", (), b"", 414),
    "bytes that are no UTF-8 in a path": (b"GET /\xff\xfe HTTP/1.1", (), b"", 400),
    "the same, encoded": (b"GET /products/%ff%fe/ HTTP/1.1", (), b"", 404),
    "NUL in a path": (b"GET /products/%00/ HTTP/1.1", (), b"", 404),
    "NUL in a query": (b"GET /?q=%00 HTTP/1.1", (), b"", 404),
    "bytes that are no UTF-8 in a query": (b"GET /?q=%ff&%ff=1 HTTP/1.1", (), b"", 200),
    "bytes that are no UTF-8 in headers": (b"GET / HTTP/1.1", (b"Cookie: \xff=\xfe; a=b\r\nReferer: \xff\r\nX-Request-Id: \xff\r\nAccept-Language: \xff\r\n",), b"", 200),
    "out of the static files": (b"GET /static/%2e%2e/%2e%2e/settings.py HTTP/1.1", (), b"", 404),
    "another host by an absolute target": (b"GET http://evil.example/ HTTP/1.1", (b"Host: evil.example\r\n",), b"", 400),
    "two hosts": (b"GET / HTTP/1.1", (b"Host: evil.example\r\n",), b"", 400),
    "TRACE": (b"TRACE / HTTP/1.1", (), b"", 405),
    "TRACE of a file": (f"TRACE {static('web/market.js')} HTTP/1.1".encode(), (), b"", 405),
    "OPTIONS of everything": (b"OPTIONS * HTTP/1.1", (), b"", 404),
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1", (), b"", 403),
    "an unknown method": (b"FOO / HTTP/1.1", (), b"", 403),
    "HEAD": (b"HEAD / HTTP/1.1", (), b"", 200),
    "an unknown version": (b"GET / HTTP/3.7", (), b"", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0", (), b"SM\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1", (b"X: a\r\n b\r\n",), b"", 400),
    "a blank before the colon": (b"GET / HTTP/1.1", (b"X : a\r\n",), b"", 400),
    "two lengths": (b"POST /account/login/ HTTP/1.1", (b"Content-Length: 5\r\nContent-Length: 6\r\n",), b"hello!", 400),
    "a negative length": (b"POST /account/login/ HTTP/1.1", (b"Content-Length: -5\r\n",), b"", 400),
    "chunks that are none": (b"POST /account/login/ HTTP/1.1", (FORM, b"Transfer-Encoding: chunked\r\n"), b"zz\r\nhello\r\n0\r\n\r\n", 403),
    "length and chunks": (b"POST /account/login/ HTTP/1.1", (FORM, b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), b"0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n", 403),
    "an upload that nobody asked for": (b"POST /account/login/ HTTP/1.1", (b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000000\r\n",), b"", 413),
    "an API: a header of 40 KB": (b"GET " + API + b" HTTP/1.1", (b"X: " + b"y" * 40_000 + b"\r\n",), b"", 494),
    "an API: a query of 40 KB": (b"GET " + API + b"?orderId=" + b"a" * 40_000 + b" HTTP/1.1", (), b"", 414),
    "an API: a body of a terabyte": (b"GET " + API + b" HTTP/1.1", (b"Content-Length: 1000000000000\r\n",), b"", 413),
    "an API: deep JSON": (b"GET " + API + b" HTTP/1.1", (b"Content-Type: application/json\r\nContent-Length: 200000\r\n",), b"[" * 200_000, 401),
    "an API: a key in no encoding": (b"GET " + API + b" HTTP/1.1", (b"Authorization: SDK-HMAC-SHA256 Access=\xff, SignedHeaders=x-sdk-date, Signature=\xff\r\n",), b"", 401),
    "an API: another host": (b"GET " + API + b" HTTP/1.1", (b"Host: evil.example\r\n",), b"", 400),
    "an API: HEAD": (b"HEAD " + API + b" HTTP/1.1", (), b"", 404),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_has_a_response(name: str, market: Market) -> None:
    line, headers, body, status = REQUESTS[name]
    found, _head, content = ask(market, line, *headers, body=body)
    assert found == status
    assert b"Traceback" not in content
    if name.startswith("an API") and not line.startswith(b"HEAD"):
        assert json.loads(content)["error_code"].startswith("APIGW."), "openapi-jointkit §C.2"


def test_pages_require_a_host_and_probes_do_not(market: Market) -> None:
    for version in (b"HTTP/1.0", b"HTTP/1.1"):
        assert ask(market, b"GET / " + version, named=False)[0] == 400
        assert ask(market, b"GET /healthz " + version, named=False)[0] == 200


def test_pipelined_requests_are_answered_in_order(market: Market) -> None:
    one, other = b"GET /healthz HTTP/1.1\r\n" + host(market), b"GET /nowhere/ HTTP/1.1\r\n" + host(market)
    with connect(market) as connection:
        connection.sendall(one + b"\r\n" + other + b"\r\n" + one + CLOSE + b"\r\n")
        answers = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"200", b"404", b"200"]


def test_client_that_guesses_keys_is_told_when_to_retry(market: Market) -> None:
    """openapi-jointkit §C.1: more than five failures in a row lock the caller for five minutes."""
    date = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}".encode()
    signed = b"SDK-HMAC-SHA256 Access=TPGUESSES0000000000, SignedHeaders=x-sdk-date, Signature=" + b"0" * 64
    headers = (b"Authorization: " + signed + b"\r\n", b"X-Sdk-Date: " + date + b"\r\n")
    answers = [ask(market, b"GET " + API + b"?orderId=MOCKONDEMAND HTTP/1.1", *headers) for _ in range(7)]
    assert [status for status, _, _ in answers] == [401] * 7
    later = [re.search(rb"(?im)^retry-after: (\d+)", head) for _, head, _ in answers]
    assert later[:6] == [None] * 6
    assert later[6] is not None
    assert 290 <= int(later[6][1]) <= 300


SLOW = {
    "a body": b"POST /account/login/ HTTP/1.1\r\n%s" + FORM + b"Content-Length: 1000\r\n\r\na=",
    "a body of an API": b"GET " + API + b" HTTP/1.1\r\n%sContent-Length: 1000\r\n\r\n{",
    "chunks": b"GET " + API + b" HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "headers": b"GET / HTTP/1.1\r\n%sX: ",
    "nothing": b"",
}


@pytest.mark.parametrize("begun", SLOW.values(), ids=SLOW.keys())
def test_unfinished_requests_do_not_delay_others(begun: bytes, market: Market) -> None:
    """There are more of them than working threads of the server (``tradepost serve --threads``)."""
    with ExitStack() as open_until_the_end:
        for _ in range(60):
            connection = open_until_the_end.enter_context(connect(market))
            connection.sendall(begun.replace(b"%s", host(market)))
        assert lives(market)
        assert ask(market, b"GET /account/login/ HTTP/1.1")[0] == 200


def test_clients_that_read_nothing_do_not_delay_others(market: Market) -> None:
    styles = static("vendor/tabler.min.css")
    with ExitStack() as open_until_the_end:
        for _ in range(60):
            connection = open_until_the_end.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.connect(("127.0.0.1", market.port))
            connection.sendall((f"GET {styles} HTTP/1.1\r\n".encode() + host(market) + b"\r\n") * 5)
        assert lives(market)
        assert ask(market, b"GET /account/login/ HTTP/1.1")[0] == 200
