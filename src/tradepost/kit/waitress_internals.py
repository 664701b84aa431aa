"""What the kit's server changes of waitress.

Why ``Channel``: while a thread sends an answer, waitress takes it for something to write, holds no lock to do it, and so goes round
its loop all the time. That keeps the interpreter from the thread that would finish, for half of the processor's time.

Why ``close_channels``: waitress offers no other way to end its loop.

Written against waitress 3.0.
"""

from __future__ import annotations

from typing import Any

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # it ships no types


class Channel(HTTPChannel):  # type: ignore[misc]  # of no known type
    """One connection, which asks for the loop's help only when the loop can give it. A thread that cannot send everything pulls the
    loop's trigger with the lock open, as in waitress."""

    def writable(self) -> bool:
        if self.total_outbufs_len and self.requests:
            if not self.outbuf_lock.acquire(blocking=False):
                return False
            self.outbuf_lock.release()
        return bool(super().writable())


def close_channels(server: Any) -> None:
    """Close the listening socket and all connections, so that ``server.run`` returns."""
    for channel in list(server._map.values()):  # noqa: SLF001
        channel.close()
