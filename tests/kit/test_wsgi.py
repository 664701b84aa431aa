"""The WSGI adapter and its server: exact bytes in, the exact name ``Body-Sign`` out, and a message for invalid
requests.
"""

from __future__ import annotations

import io
import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults

import pytest

from tests.kit import wire
from tests.kit.wire import NOW, Recorder
from tradepost.kit.testing import running
from tradepost.kit.wsgi import BODY_LIMIT, request_from, wsgi
from tradepost.protocols.commands import Done
from tradepost.protocols.http import Request, Response


@pytest.fixture
def seller(tmp_path: Path) -> Recorder:
    return Recorder(store=tmp_path / "seller.db")


def call(seller: Recorder, **environ: Any) -> Response:
    setup_testing_defaults(environ)
    started: list[tuple[str, list[tuple[str, str]]]] = []
    application = wsgi(seller, clock=lambda: NOW, chance=wire.nonce)
    body = b"".join(application(environ, lambda status, headers: started.append((status, headers))))  # type: ignore[arg-type]  # WSGI also wants a write function
    status, headers = started[0]
    assert dict(headers)["Content-Length"] == str(len(body))
    return Response(int(status.split()[0]), tuple(headers), body)


def environ_of(request: Request, **more: Any) -> dict[str, Any]:
    parts = urlsplit(request.url)
    return {
        "REQUEST_METHOD": request.method,
        "wsgi.url_scheme": parts.scheme,
        "HTTP_HOST": parts.netloc,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "CONTENT_TYPE": request.header("Content-Type"),
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": io.BytesIO(request.body),
    } | more


def code_of(response: Response) -> str:
    """Return the result code of an answer with a valid signature."""
    assert response.status == 200
    assert wire.PROTOCOL.decode(wire.freeze("x"), response, key=wire.KEY).__class__.__name__ == "Rejected"
    return str(json.loads(response.body)["resultCode"])


def test_request_of_an_environment_equals_the_sent_request():
    request = Request("POST", "https://seller.example.com/a%20b/%E4%BA%91?signature=a%2Bb+c&x=1", (), b"{}")
    environ = environ_of(request, PATH_INFO="/a b/云".encode().decode("latin-1"), HTTP_X_SDK_DATE="d", CONTENT_TYPE="t")
    made = request_from(environ, b"{}")
    assert made.url == request.url
    assert made.headers == (("Host", "seller.example.com"), ("X-Sdk-Date", "d"), ("Content-Type", "t"))


def test_create_through_wsgi(seller):
    command = wire.create(business_id="b1")
    assert wire.decode(command, call(seller, **environ_of(wire.encode(command)))) == Done(instance_id="b1")


def test_chunked_body_is_read_to_its_end(seller):
    """gunicorn and waitress mark a body whose end they know."""
    command = wire.create(business_id="b1")
    environ = environ_of(wire.encode(command), **{"CONTENT_LENGTH": "", "wsgi.input_terminated": True})
    assert wire.decode(command, call(seller, **environ)) == Done(instance_id="b1")


@pytest.mark.parametrize(
    "broken",
    [
        {"CONTENT_LENGTH": str(BODY_LIMIT + 1)},
        {"CONTENT_LENGTH": "9" * 5000},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "ten"},
        {"CONTENT_LENGTH": "999"},
        {"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"x" * (BODY_LIMIT + 1))},
        {"CONTENT_LENGTH": ""},
        {"REQUEST_METHOD": "GET"},
        {"QUERY_STRING": ""},
        {"CONTENT_TYPE": "text/plain"},
    ],
    ids=[
        "long",
        "thousands-of-digits",
        "negative",
        "word",
        "cut",
        "long-chunked",
        "no-body",
        "get",
        "no-query",
        "not-json",
    ],
)
def test_invalid_request_is_a_signed_refusal(seller, broken):
    """saas-v2 §3.0: HTTP 200 always; §4: 000002 invalid request parameter (000001 where the signature is missing)."""
    assert code_of(call(seller, **environ_of(wire.encode(wire.create()), **broken))) in {"000001", "000002"}
    assert seller.seen == []


# --- over a socket --------------------------------------------------------------------------------------------------


def raw_exchange(url: str, head: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        connection.sendall(head.encode() + b"\r\n" + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def head_of(request: Request, *, length: bool = True) -> str:
    parts = urlsplit(request.url)
    lines = [f"POST {parts.path}?{parts.query} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in {"host", "content-length"}]
    lines += [f"Content-Length: {len(request.body)}"] if length else ["Transfer-Encoding: chunked"]
    return "".join(f"{line}\r\n" for line in lines)


def test_server_sends_body_sign_in_this_spelling(seller):
    """saas-v2 §2.6: the header name is treated as case-sensitive."""
    with running(seller) as url:
        request = wire.encode(wire.create(business_id="b1"), now=datetime.now(UTC), address=f"{url}/produce")
        received = raw_exchange(url, head_of(request), request.body)
    head, _, body = received.partition(b"\r\n\r\n")
    names = [line.split(b":")[0] for line in head.split(b"\r\n")[1:]]
    assert head.startswith(b"HTTP/1.1 200 ")
    assert names.count(b"Body-Sign") == 1
    assert [name for name in names if name.lower() == b"body-sign"] == [b"Body-Sign"]
    assert b'sign_type="HMAC-SHA256", signature= "' in head
    assert json.loads(body)["instanceId"] == "b1"


def test_server_reads_a_chunked_body(seller):
    with running(seller) as url:
        request = wire.encode(wire.create(business_id="b1"), now=datetime.now(UTC), address=f"{url}/produce")
        middle = len(request.body) // 2
        pieces = (request.body[:middle], request.body[middle:], b"")
        body = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
        received = raw_exchange(url, head_of(request, length=False), body)
    assert b'"instanceId":"b1"' in received.replace(b" ", b"")


def test_server_answers_a_too_long_body_with_a_message(seller):
    with running(seller) as url:
        request = wire.encode(wire.create(), now=datetime.now(UTC), address=f"{url}/produce")
        long = Request("POST", request.url, request.headers, b" " * (BODY_LIMIT + 1))
        response = wire.exchange(long)
    assert code_of(response) == "000002"
    assert str(BODY_LIMIT) in json.loads(response.body)["resultMsg"]


def test_server_stops_and_releases_the_port(seller):
    with running(seller) as url:
        assert wire.send(f"{url}/produce", wire.create(business_id="b1")) == Done(instance_id="b1")
    with pytest.raises(ConnectionRefusedError):
        wire.send(f"{url}/produce", wire.create())
