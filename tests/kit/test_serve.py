"""The server below a seller's application: what is written arrives at once and complete, however slow the reader is."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable, Iterator
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tradepost.kit.serve import running

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

TIMEOUT = 60


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


def test_streamed_page_arrives_in_parts():
    """An application's own pages beside the seller: each part is sent before the next is requested."""
    arrived = Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"first"
        assert arrived.wait(TIMEOUT)
        yield b"second"

    with running(app) as url:
        connection = http.client.HTTPConnection("127.0.0.1", port_of(url), timeout=TIMEOUT)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.read1(100) == b"first"
        arrived.set()
        assert answer.read() == b"second"
        connection.close()


def test_response_larger_than_the_socket_buffers_arrives_complete_at_a_slow_reader():
    """The thread cannot send all of it: the event loop must send the rest, while the thread waits and after it
    returned."""
    size = 24 * 1024 * 1024
    done = Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(size))])
        yield from (bytes(size // 24) for _ in range(24))
        done.set()

    with running(app) as url, socket.create_connection(("127.0.0.1", port_of(url)), TIMEOUT) as reader:
        reader.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = reader.recv(4096, socket.MSG_PEEK)
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert not done.is_set()
        missing = head.index(b"\r\n\r\n") + 4 + size
        while missing:
            missing -= len(reader.recv(min(missing, 1024 * 1024)))
        assert done.wait(TIMEOUT)


def test_many_responses_on_one_connection_keep_their_order():
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["PATH_INFO"].encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    with running(app) as url, socket.create_connection(("127.0.0.1", port_of(url)), TIMEOUT) as client:
        client.sendall(b"".join(f"GET /{n:03} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for n in range(200)))
        stream = client.makefile("rb")
        for number in range(200):
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += stream.readline()
            assert stream.read(4) == b"/%03d" % number
