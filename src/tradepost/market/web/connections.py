"""Limits for open connections: size and duration of a request head, unread responses, connections per client.

Granian limits a head itself. It does not count connections per client, so a thread inspects the sockets of this process
and shuts down those above the limit. Connections of trusted proxies are not counted, since a proxy carries many
visitors and has its own limit (docs/how-to/operators/deploy.md).
"""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

log = structlog.get_logger("tradepost.access")

MAX_HEAD_BYTES = 64 * 1024
"""Maximum size in bytes of a request line and its headers."""
HEAD_TIMEOUT = 10
"""Seconds for a head to arrive, and for an idle connection to begin its next request."""
READ_TIMEOUT = 60
"""Seconds in which a client must read a part of the response. Unread bytes stay in memory."""
CHECK_INTERVAL = 0.5
"""Seconds between two checks of the sockets."""
_DESCRIPTOR_FOLDERS = (Path("/proc/self/fd"), Path("/dev/fd"))


class ConnectionLimit:
    """Limits the connections of each client to the web server's port to ``most``.

    ``client_of`` maps a peer's address to its client; "" is not limited.
    """

    def __init__(self, *, port: int, most: int, client_of: Callable[[str], str]) -> None:
        self._port = port
        self._most = most
        self._client_of = client_of
        self._clients: dict[int, str] = {}
        """Client by inode, which is unique to a socket; "" for other sockets."""

    def enforce(self) -> int:
        """Shut down connections above the limit, newest first. Return their number."""
        descriptors = dict(_sockets())
        self._clients = {inode: client for inode, client in self._clients.items() if inode in descriptors}
        counts = Counter(filter(None, self._clients.values()))
        refused: Counter[str] = Counter()
        for inode in sorted(descriptors.keys() - self._clients.keys()):
            with _duplicate(descriptors[inode], inode) as sock:
                client = self._client(sock) if sock else ""
                if sock and self._is_ours(sock):
                    _limit_unread_responses(sock)
                if sock and client and counts[client] >= self._most:
                    refused[client] += 1
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                    continue
            counts[client] += 1
            self._clients[inode] = client
        for client, number in refused.items():
            log.warning("connections refused", client=client, number=number, most=self._most)
        return refused.total()

    def _client(self, sock: socket.socket) -> str:
        return self._client_of(str(sock.getpeername()[0])) if self._is_ours(sock) else ""

    def _is_ours(self, sock: socket.socket) -> bool:
        """Return whether the socket is a client's connection to the web server's port."""
        if sock.family not in {socket.AF_INET, socket.AF_INET6} or sock.type != socket.SOCK_STREAM:
            return False
        try:
            sock.getpeername()
            return bool(sock.getsockname()[1] == self._port)
        except OSError:  # a listening or closed socket
            return False

    def start(self) -> None:
        """Enforce the limit in a daemon thread until the process ends."""
        threading.Thread(target=self._run, name="connections", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(CHECK_INTERVAL):
            try:
                self.enforce()
            except Exception:
                log.exception("connections not counted")


def _limit_unread_responses(sock: socket.socket) -> None:
    """Make the kernel end a connection whose client reads nothing, also behind a proxy. Linux only."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READ_TIMEOUT * 1000)


@contextmanager
def _duplicate(descriptor: int, inode: int) -> Iterator[socket.socket | None]:
    """Yield a duplicate of the socket, or None if it was closed. A descriptor may be reused at once; a duplicate is
    not."""
    try:
        duplicate = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        yield None
        return
    with duplicate:
        yield duplicate if os.fstat(duplicate.fileno()).st_ino == inode else None


def _sockets() -> Iterator[tuple[int, int]]:
    """Yield the inode and descriptor of each socket of this process; nothing if the system does not list them."""
    folder = next(filter(Path.is_dir, _DESCRIPTOR_FOLDERS), None)
    for entry in folder.iterdir() if folder else ():
        with suppress(OSError):
            status = os.fstat(int(entry.name))
            if stat.S_ISSOCK(status.st_mode):
                yield status.st_ino, int(entry.name)
