"""Issue 25, 6 to 8: limits for attacks from one address, while others are served. The programs print how fast."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.chaos import slow_readers, unfair_share, unfinished_heads
from tests.chaos.served import LOGIN, Server, served
from tests.chaos.unfinished_heads import ATTACKER, HEAD
from tests.cli.running import WITHIN

pytestmark = [pytest.mark.slow]
MAX_CONNECTIONS = 16
MEMORY = 100
"""Megabytes that 400 unfinished heads may use; without limits they used 170."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("market")
    with served(folder, trusted_proxies="127.0.0.1", connections_per_client=str(MAX_CONNECTIONS)) as server:
        yield server


def first_bytes(server: Server, request: bytes) -> bytes:
    """Return the first bytes of the response, or nothing if the server closed the connection."""
    with socket.create_connection(("127.0.0.1", server.port), WITHIN) as connection:
        try:
            connection.sendall(request)
            return connection.recv(4096)
        except ConnectionError:
            return b""


@pytest.mark.parametrize("size", [66_000, 100_000, 140_000, 400_000])
def test_head_above_64_kib_is_refused(server: Server, size: int) -> None:
    answer = first_bytes(server, HEAD + b"a" * size + b"\r\n\r\n")
    assert not answer or answer.startswith(b"HTTP/1.1 431 ")


def test_head_below_64_kib_is_answered(server: Server) -> None:
    assert first_bytes(server, HEAD + b"a" * 65_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_head_sent_byte_by_byte_times_out(server: Server) -> None:
    """The server used to wait for half a minute. The connection must end although bytes keep arriving."""
    with socket.create_connection(("127.0.0.1", server.port), WITHIN) as connection:
        connection.sendall(HEAD)
        connection.settimeout(0.5)
        ended = False
        while not ended:
            try:
                connection.sendall(b"a")
                ended = connection.recv(1) == b""
            except TimeoutError:
                assert server.get()[0] == 200
            except OSError:
                ended = True


def test_connections_of_one_address_are_limited_and_others_are_served(server: Server) -> None:
    opened = [unfinished_heads.connect(server, ATTACKER) for _ in range(3 * MAX_CONNECTIONS)]
    while sum(unfinished_heads.is_open(one) for one in opened) > MAX_CONNECTIONS:
        assert server.get(connection=server.connect("127.0.0.9"))[0] == 200
    for one in opened:
        one.close()
    while True:  # until the server noticed that they are closed
        try:
            assert server.get(connection=server.connect(ATTACKER))[0] == 200
        except OSError:
            continue
        break


def test_http_2_and_websockets_are_not_served(server: Server) -> None:
    """Each would need its own limits."""
    assert not first_bytes(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").startswith(b"\0")
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAMAAABk\r\n"
    websocket = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    for protocol in (b"h2c", b"websocket"):
        asked = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n" % LOGIN.encode() + upgrade % protocol + websocket + b"\r\n"
        assert first_bytes(server, asked).startswith(b"HTTP/1.1 200 ")


def test_unfinished_heads_use_little_memory_and_time_out() -> None:
    found = unfinished_heads.run(400)
    assert found["megabytes_under_attack"] - found["megabytes_idle"] <= MEMORY, found
    assert found["open_in_the_end"] == 0, found
    assert found["neighbours_page"] == 200, found
    assert found["pages_under_attack"] > 0, found


def test_parallel_requests_of_one_address_do_not_block_others() -> None:
    found = unfair_share.run(2)
    assert found["login_under_attack"] == 302, found
    assert found["pages_under_attack"] > 0, found
    assert set(found["attackers_answers"]) == {"200"}, "they only wait: 100 are fewer than a client may have unanswered"


def test_unread_responses_do_not_fill_the_memory() -> None:
    """60 connections used 1,200 MB, because each response waited in memory as a whole."""
    found = slow_readers.run(60)
    assert found["megabytes_most"] - found["megabytes_before"] < MEMORY, found
