"""Connections of urllib3 and requests under the market's outbound policy: each address is checked before connecting.

Cloud SDKs and allauth use them. Proxies of the environment are ignored."""

from __future__ import annotations

import socket
from typing import Any, override

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from tradepost.market.base.authorities import bundle_file, trusted
from tradepost.market.base.outbound_policy import OutboundPolicy, is_permitted
from tradepost.market.base.urllib3_internals import pool_classes

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0


def _connect(connection: HTTPConnection, outbound: OutboundPolicy) -> socket.socket:
    host = connection.host.strip("[]")
    try:
        places = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as fault:
        raise NameResolutionError(host, connection, fault) from fault  # type: ignore[arg-type]
    addresses = list(dict.fromkeys(str(place[4][0]) for place in places))
    if not all(is_permitted(address, connection.port, outbound) for address in addresses):
        raise NewConnectionError(
            connection,
            f"{host}:{connection.port} is refused by the outbound policy. A private network must be in TRADEPOST_NETWORKS; loopback "
            "and metadata addresses are always refused.",
        )
    failure: Exception | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, connection.port), connection.timeout, source_address=connection.source_address,
                socket_options=connection.socket_options,
            )  # fmt: skip
        except TimeoutError as error:
            failure = ConnectTimeoutError(connection, f"no connection to {host}:{connection.port}")
            failure.__cause__ = error
        except OSError as refusal:
            failure = NewConnectionError(connection, f"no connection to {host}:{connection.port}: {refusal}")
    raise failure or NewConnectionError(connection, f"no connection to {host}")


def pools(outbound: OutboundPolicy, **options: Any) -> PoolManager:
    """Return a pool manager that calls only permitted addresses and trusts the operator's authorities."""
    context = trusted.__wrapped__(outbound.authorities)  # a private copy: requests adds authorities to it
    manager = PoolManager(ssl_context=context, **options)
    manager.pool_classes_by_scheme = pool_classes(lambda connection: _connect(connection, outbound))
    return manager


class GuardedAdapter(HTTPAdapter):
    """Adapter for a session of requests."""

    def __init__(self, outbound: OutboundPolicy) -> None:
        self._outbound = outbound
        super().__init__(max_retries=0)

    @override
    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        self.poolmanager = pools(self._outbound, num_pools=connections, maxsize=maxsize, block=block)


def guard(session: requests.Session, outbound: OutboundPolicy) -> None:
    """Apply the outbound policy to a session of requests."""
    session.trust_env = False
    session.verify = bundle_file(outbound.authorities) or True
    for scheme in ("http://", "https://"):
        session.mount(scheme, GuardedAdapter(outbound))
