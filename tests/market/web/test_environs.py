"""Issue 25, 6: no header of a client can set the WSGI key of another header."""

from __future__ import annotations

import pytest
from django.core.handlers.wsgi import WSGIRequest

from tests.market.web.exchanging import scope
from tradepost.market.web.environs import HEAD, environ_of, has_body
from tradepost.market.web.peer import client_of

PROXY = "127.0.0.1:4711"


@pytest.mark.parametrize(
    "name",
    [
        "x_forwarded_for", "x-forwarded_for", "x_forwarded-for", "content_length", "content_type", "transfer_encoding",
        "host_", "x_forwarded_proto", "_", "upload_offset", "x-http_method-override", "", "x y", "x:y", "ı", "ſet-cookie",
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_ambiguous_and_malformed_names_are_dropped(name: str, first: bool) -> None:
    honest = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https"), ("upload-offset", "3")]
    forged = [(name, "203.0.113.5")]
    headers = forged + honest if first else honest + forged
    environ = environ_of(scope(method="GET", headers=headers, client=PROXY))
    alone = environ_of(scope(method="GET", headers=honest, client=PROXY))
    assert environ == alone | {"wsgi.input": environ["wsgi.input"], HEAD: alone[HEAD] + len(f"{name}: 203.0.113.5\r\n")}
    assert client_of(environ) == "198.51.100.7"
    assert not has_body(environ)
    assert dict(WSGIRequest(environ).headers) == {
        "Host": "localhost", "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https", "Upload-Offset": "3"
    }  # fmt: skip


def test_every_other_token_is_kept() -> None:
    """RFC 9110 §5.6.2."""
    name = "x!#$%&'*+.^`|~09-z"
    assert environ_of(scope(headers=[(name, "1")]))["HTTP_X!#$%&'*+.^`|~09_Z"] == "1"


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        (["203.0.113.5", "198.51.100.7"], "198.51.100.7"),
        (["203.0.113.5, 203.0.113.6", "198.51.100.7"], "198.51.100.7"),
        (["203.0.113.5", "198.51.100.7, 127.0.0.2"], "198.51.100.7"),
        (["203.0.113.5", "[2001:db8::1]:4711"], "2001:db8::1"),
        (["", "198.51.100.7"], "198.51.100.7"),
        (["198.51.100.7", ""], "127.0.0.1"),
    ],
)
def test_last_of_several_lines_is_the_proxys(lines: list[str], client: str) -> None:
    """haproxy adds its own line after those of the client."""
    headers = [("x-forwarded-for", line) for line in lines]
    assert client_of(environ_of(scope(method="GET", headers=headers, client=PROXY))) == client
    assert client_of(environ_of(scope(method="GET", headers=headers, client="192.0.2.1:1"))) == "192.0.2.1"
