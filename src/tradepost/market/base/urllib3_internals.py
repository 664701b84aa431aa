"""Connections of urllib3 that somebody else opens.

Why: urllib3 opens its connections itself, to any address that a name has. The market checks each address by its outbound policy
first, and connects to the one that it checked. The method that opens a connection is not documented.

Written against urllib3 2.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, override

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


def pool_classes(connect: Callable[[HTTPConnection], socket.socket]) -> dict[str, type[Any]]:
    """Return the classes of pools by scheme, whose connections ``connect`` opens."""

    class Plain(HTTPConnection):
        @override
        def _new_conn(self) -> socket.socket:
            return connect(self)

    class Secure(HTTPSConnection):
        @override
        def _new_conn(self) -> socket.socket:
            return connect(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
