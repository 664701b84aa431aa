"""Issue 25, 7: limit of connections per client, which Granian does not have."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import ip_network

import pytest

from tradepost.market.base.config import Config
from tradepost.market.web import peer
from tradepost.market.web.connections import READ_TIMEOUT, ConnectionLimit

ATTACKER, VISITOR, PROXY = "127.0.0.66", "127.0.0.9", "127.0.0.1"
MAX_CONNECTIONS = 3

type Connect = Callable[[str], tuple[socket.socket, socket.socket]]


@pytest.fixture
def listening() -> Iterator[tuple[int, Connect]]:
    """A port, and a function that opens a connection to it from an address: the client's end and the market's end."""
    with ExitStack() as opened, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def connect(source: str) -> tuple[socket.socket, socket.socket]:
            client = opened.enter_context(socket.create_connection(("127.0.0.1", port), 20, (source, 0)))
            ours, _ = listener.accept()
            return client, opened.enter_context(ours)

        yield port, connect


@pytest.fixture(autouse=True)
def _one_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "config", lambda: Config(trusted_proxies=(ip_network(f"{PROXY}/32"),)))


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)  # signature of the socket module
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True


def limit(port: int) -> ConnectionLimit:
    return ConnectionLimit(port=port, most=MAX_CONNECTIONS, client_of=peer.client_of_connection)


def test_newest_connections_above_a_clients_limit_are_closed(listening: tuple[int, Connect]) -> None:
    port, connect = listening
    limited = limit(port)
    first = [connect(ATTACKER)[0] for _ in range(MAX_CONNECTIONS)]
    assert limited.enforce() == 0
    more = [connect(ATTACKER)[0] for _ in range(5)]
    others = [connect(VISITOR)[0] for _ in range(MAX_CONNECTIONS)] + [
        connect(PROXY)[0] for _ in range(2 * MAX_CONNECTIONS)
    ]
    assert limited.enforce() == 5
    assert all(is_open(client) for client in [*first, *others]), "the older ones, other visitors, a trusted proxy"
    assert not any(is_open(client) for client in more)


def test_closed_connections_make_room(listening: tuple[int, Connect]) -> None:
    port, connect = listening
    limited = limit(port)
    pairs = [connect(ATTACKER) for _ in range(MAX_CONNECTIONS)]
    assert limited.enforce() == 0
    for client, ours in pairs:
        client.close()
        ours.close()
    later = [connect(ATTACKER)[0] for _ in range(MAX_CONNECTIONS)]
    assert limited.enforce() == 0
    assert all(is_open(client) for client in later)


def test_limit_is_kept_with_simultaneous_connections(listening: tuple[int, Connect]) -> None:
    port, connect = listening
    clients = [connect(ATTACKER)[0] for _ in range(4 * MAX_CONNECTIONS)]
    assert limit(port).enforce() == 3 * MAX_CONNECTIONS
    assert sum(is_open(client) for client in clients) == MAX_CONNECTIONS


def test_other_sockets_of_the_process_stay_open(listening: tuple[int, Connect]) -> None:
    """For example connections to a database, or to another port."""
    port, connect = listening
    clients = [connect(ATTACKER)[0] for _ in range(2 * MAX_CONNECTIONS)]
    with socket.create_server(("127.0.0.1", 0)) as other, ExitStack() as opened:
        for _ in range(2 * MAX_CONNECTIONS):
            opened.enter_context(socket.create_connection(other.getsockname(), 20, (ATTACKER, 0)))
        ours = [opened.enter_context(other.accept()[0]) for _ in range(2 * MAX_CONNECTIONS)]
        pair = socket.socketpair()
        assert limit(port).enforce() == MAX_CONNECTIONS
        assert all(is_open(socket_end) for socket_end in [*ours, *pair])
        for socket_end in pair:
            socket_end.close()
    assert sum(is_open(client) for client in clients) == MAX_CONNECTIONS


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux can do it")
def test_kernel_ends_a_connection_whose_client_reads_nothing(listening: tuple[int, Connect]) -> None:
    """Also a connection of a proxy, whose connections are not limited."""
    port, connect = listening
    pairs = [connect(ATTACKER), connect(PROXY)]
    limit(port).enforce()
    waits = [ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) for _, ours in pairs]
    assert waits == [READ_TIMEOUT * 1000] * 2


def test_connection_counts_for_its_client() -> None:
    assert peer.client_of_connection("192.0.2.1") == "192.0.2.1"
    assert peer.client_of_connection("::ffff:192.0.2.1") == "192.0.2.1"
    assert peer.client_of_connection("2001:db8::5") == "2001:db8::/64"
    assert peer.client_of_connection(PROXY) == "", "it carries those of many"
    assert peer.client_of_connection("") == ""
