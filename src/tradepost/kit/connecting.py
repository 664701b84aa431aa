"""Connection to the market: direct, or through the proxy in the environment (``HTTPS_PROXY``, ``NO_PROXY``)."""

from __future__ import annotations

import base64
import http.client
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Route:
    """A connection that is not open yet, with the request target and the additional headers that a proxy needs."""

    connection: http.client.HTTPConnection
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def route_to(url: str, *, timeout: float, tls: ssl.SSLContext | None) -> Route:
    """Return the route to an address without sending anything. Raises ``OSError`` for an unsupported kind of proxy."""
    parts = urlsplit(url)
    host, target = parts.hostname or "", f"{parts.path}?{parts.query}" if parts.query else parts.path
    proxy = _proxy_for(parts)
    if parts.scheme == "https":
        context = tls or ssl.create_default_context()
        if proxy is None:
            return Route(http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context), target)
        through = http.client.HTTPSConnection(proxy.hostname or "", proxy.port, timeout=timeout, context=context)
        # The certificate is the market's, since the proxy only forwards bytes.
        through.set_tunnel(host, parts.port or http.client.HTTPS_PORT, headers=_credentials(proxy))
        return Route(through, target)
    if proxy is None:
        return Route(http.client.HTTPConnection(host, parts.port, timeout=timeout), target)
    return Route(
        http.client.HTTPConnection(proxy.hostname or "", proxy.port, timeout=timeout), url, _credentials(proxy)
    )


def _proxy_for(parts: SplitResult) -> SplitResult | None:
    host = parts.hostname or ""
    proxy_url = getproxies().get(parts.scheme, "")
    # A proxy cannot reach this machine's loopback, even if NO_PROXY does not list it.
    if not proxy_url or host in LOOPBACK or proxy_bypass(host):
        return None
    proxy = urlsplit(proxy_url if "://" in proxy_url else f"http://{proxy_url}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise OSError(f"the proxy for {parts.scheme} is not an address like http://proxy.example.com:3128")
    return proxy


def _credentials(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"}
