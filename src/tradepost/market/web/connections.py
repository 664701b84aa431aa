"""Bound what clients may hold open: the head of a request in size and time, unread answers, and connections per client.

Granian bounds a head by itself. It does not count connections by client, so a thread looks at the sockets of this process
and shuts down those above the limit. Connections of trusted proxies are not counted: a proxy carries many visitors, and it
has a limit of its own (docs/guides/operators/deploy.md).
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

LARGEST_HEAD = 64 * 1024
"""Bytes of a request line and its headers."""
HEAD_WITHIN = 10
"""Seconds for a head to arrive, and for an idle connection to begin its next request."""
READ_WITHIN = 60
"""Seconds in which a client must take some part of an answer: what it does not read stays in our memory."""
INTERVAL = 0.5
"""Seconds between two looks at the sockets."""
_FOLDERS = (Path("/proc/self/fd"), Path("/dev/fd"))


class ConnectionLimit:
    """At most ``most`` connections per client to the port of the web server.

    ``client_of`` turns the address of a peer into the client that it counts for; "" is not limited.
    """

    def __init__(self, *, port: int, most: int, client_of: Callable[[str], str]) -> None:
        self._port = port
        self._most = most
        self._client_of = client_of
        self._clients: dict[int, str] = {}
        """By inode, which no two sockets share: who holds a connection; "" for other sockets."""

    def enforce(self) -> int:
        """Shut down what is above the limit, the newest connections first. Return how many those were."""
        descriptors = dict(_sockets())
        self._clients = {inode: client for inode, client in self._clients.items() if inode in descriptors}
        held = Counter(filter(None, self._clients.values()))
        refused: Counter[str] = Counter()
        for inode in sorted(descriptors.keys() - self._clients.keys()):
            with _duplicate(descriptors[inode], inode) as opened:
                client = self._client(opened) if opened else ""
                if opened and self._is_ours(opened):
                    _end_unread_answers(opened)
                if opened and client and held[client] >= self._most:
                    refused[client] += 1
                    with suppress(OSError):
                        opened.shutdown(socket.SHUT_RDWR)
                    continue
            held[client] += 1
            self._clients[inode] = client
        for client, number in refused.items():
            log.warning("connections refused", client=client, number=number, most=self._most)
        return refused.total()

    def _client(self, opened: socket.socket) -> str:
        return self._client_of(str(opened.getpeername()[0])) if self._is_ours(opened) else ""

    def _is_ours(self, opened: socket.socket) -> bool:
        """Whether somebody is connected to the web server's port by it."""
        if opened.family not in {socket.AF_INET, socket.AF_INET6} or opened.type != socket.SOCK_STREAM:
            return False
        try:
            opened.getpeername()
            return bool(opened.getsockname()[1] == self._port)
        except OSError:  # it listens, or is closed already
            return False

    def start(self) -> None:
        """Enforce it in a thread, for as long as the process lives."""
        threading.Thread(target=self._run, name="connections", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(INTERVAL):
            try:
                self.enforce()
            except Exception:
                log.exception("connections not counted")


def _end_unread_answers(opened: socket.socket) -> None:
    """Have the kernel end a connection whose client takes nothing, also behind a proxy, where Linux can do so."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with suppress(OSError):
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READ_WITHIN * 1000)


@contextmanager
def _duplicate(descriptor: int, inode: int) -> Iterator[socket.socket | None]:
    """The socket behind a descriptor; None where it was closed meanwhile. A descriptor is given away again at once, a
    duplicate is not."""
    try:
        duplicate = socket.socket(fileno=os.dup(descriptor))
    except OSError:
        yield None
        return
    with duplicate:
        yield duplicate if os.fstat(duplicate.fileno()).st_ino == inode else None


def _sockets() -> Iterator[tuple[int, int]]:
    """Inode and descriptor of each socket of this process; none where the system does not list them."""
    folder = next(filter(Path.is_dir, _FOLDERS), None)
    for entry in folder.iterdir() if folder else ():
        with suppress(OSError):
            found = os.fstat(int(entry.name))
            if stat.S_ISSOCK(found.st_mode):
                yield found.st_ino, int(entry.name)
