"""The client sees an answer's exact bytes: framing, header case, extra bytes, missing bytes."""

from __future__ import annotations

import socket
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.check.raw_server import speaking
from tests.kit.market import self_signed
from tests.waiting import until
from tradepost.check.http_client import GRACE_SECONDS, Hold, HttpClient, LastByte, RawResponse, parse
from tradepost.protocols.http import Request

HEAD = b"HTTP/1.1 200 OK\r\nbody-SIGN: x \r\n"


def parsed(raw: bytes, *, ended: bool = True) -> RawResponse:
    found = parse(raw, ended=ended)
    assert found is not None
    return found


def test_header_names_keep_their_case_and_values_lose_their_blanks():
    assert parsed(HEAD + b"\r\n").headers == (("body-SIGN", "x"),)


def test_bytes_after_the_body_are_kept_separately():
    found = parsed(HEAD + b"Content-Length: 2\r\n\r\n{}\r\n")
    assert (found.body, found.after, found.fault) == (b"{}", b"\r\n", "")


def test_body_shorter_than_its_length_is_truncated():
    found = parsed(HEAD + b"Content-Length: 5\r\n\r\n{}")
    assert (found.fault, found.problem) == ("body_cut_short", "Content-Length promises 5 bytes, 2 came")


@pytest.mark.parametrize("length", [b"\xb2", b"9" * 5000, b"+2", b""])
def test_length_that_is_not_a_number_is_ignored(length):
    found = parsed(HEAD + b"Content-Length: " + length + b"\r\n\r\n{}")
    assert (found.body, found.fault) == (b"{}", "")


def test_chunks_are_joined():
    found = parsed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\n\r\nmore")
    assert (found.body, found.after, found.fault) == (b"{}", b"more", "")


@pytest.mark.parametrize(
    ("chunks", "fault"),
    [
        (b"zz\r\n{}\r\n0\r\n\r\n", "bad_chunking"),
        (b"1\r\n{}\r\n0\r\n\r\n", "bad_chunking"),
        (b"9\r\n{}", "body_cut_short"),
        (b"2\r\n{}\r\n", "body_cut_short"),
    ],
)
def test_broken_chunks_are_named(chunks, fault):
    assert parsed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks).fault == fault


def test_body_without_a_length_ends_with_the_connection():
    raw = HEAD + b"\r\n{}"
    assert parsed(raw, ended=False).fault == "body_cut_short"
    assert parsed(raw).body == b"{}"


def test_interim_answer_is_skipped():
    assert parsed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").status == 200


@pytest.mark.parametrize("raw", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_other_protocol_is_named_as_not_http(raw):
    assert parsed(raw).fault == "no_answer"


def post(url: str) -> Request:
    return Request("POST", url, (("Content-Type", "application/json"),), b'{"a":"b"}')


def test_request_is_sent_unchanged_and_the_answer_is_complete():
    with speaking(HEAD + b"Content-Length: 2\r\n\r\n{}") as (url, heard):
        found = HttpClient(5).send(post(url))
    head, _, body = b"".join(heard).partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /p?a=1 HTTP/1.1"
    assert b"Content-Length: 9" in head.split(b"\r\n")
    assert body == b'{"a":"b"}'
    assert (found.status, found.body, found.fault, found.after) == (200, b"{}", "", b"")


def test_kept_connection_is_not_waited_for():
    with speaking(HEAD + b"Content-Length: 2\r\n\r\n{}", hold=True) as (url, _):
        found = HttpClient(3600).send(post(url))  # a client that waits for the end times out
    assert found.body == b"{}"


def test_body_in_chunks_arrives_in_chunks():
    with speaking(HEAD + b"Content-Length: 2\r\n\r\n{}") as (url, heard):
        HttpClient(5).send(post(url), pieces=3)
    assert len(heard) >= 3


def test_silence_ends_with_the_timeout():
    with speaking(b"", hold=True) as (url, _):
        found = HttpClient(0.2).send(post(url))
    assert (found.fault, found.problem) == ("too_slow", "time ran out; nothing came")


def test_connection_closed_without_bytes_is_no_answer():
    with speaking(b"") as (url, _):
        found = HttpClient(5).send(post(url))
    assert found.fault == "no_answer"
    assert not found.unreachable


def test_missing_server_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = HttpClient(1).send(post(f"http://127.0.0.1:{port}/"))
    assert found.unreachable
    assert found.problem == "no connection: connection refused"


@pytest.fixture(scope="module")
def secure_seller(tmp_path_factory):
    """An HTTPS server with an untrusted certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path_factory.mktemp("certificate")))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Fixed)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join(5)


class _Fixed(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: object) -> None:
        """Suppress the log."""


def test_unknown_certificate_is_refused(secure_seller):
    """saas-v2 §1.2: certificates of a trusted CA."""
    found = HttpClient(5).send(post(secure_seller))
    assert found.unreachable
    assert found.problem.startswith("no connection: the certificate is not trusted")


def test_unknown_certificate_is_accepted_on_request(secure_seller):
    found = HttpClient(5, trust_any_certificate=True).send(post(secure_seller))
    assert (found.status, found.body, found.fault) == (200, b"{}", "")


def test_trailers_belong_to_the_chunks():
    found = parsed(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nServer-Timing: db;dur=3\r\nX: y\r\n\r\nmore"
    )
    assert (found.body, found.after, found.fault) == (b"{}", b"more", "")


def test_bytes_after_a_kept_answer_are_noticed_by_a_waiting_client():
    with speaking(HEAD + b"Content-Length: 2\r\n\r\n{}", hold=True) as (url, _):
        found = HttpClient(5).send(post(url), linger=True)
    assert found.body == b"{}"
    assert found.seconds >= GRACE_SECONDS


def test_held_request_lacks_its_last_byte():
    heard_before: list[bytes] = []
    with speaking(HEAD + b"Content-Length: 2\r\n\r\n{}") as (url, heard):

        def hold(_: LastByte) -> None:
            until(lambda: b"".join(heard).endswith(b'"b"'))
            heard_before.append(b"".join(heard))

        found = HttpClient(5).send(post(url), hold=Hold(hold))
    assert heard_before[0].endswith(b'{"a":"b"')
    assert found.status == 200


def test_request_has_a_user_agent():
    """Firewalls refuse requests without one."""
    with speaking(HEAD + b"Content-Length: 2\r\n\r\n{}") as (url, heard):
        HttpClient(5).send(post(url))
    assert b"User-Agent: tradepost-check" in b"".join(heard).split(b"\r\n")
