"""Detect hosts that are IP addresses. Separate from ``guard``, so that pages can use it without loading an HTTP
client."""

from __future__ import annotations

import ipaddress
import socket


def literal_ip(host: str) -> str:
    """Return the IP address that a host denotes in any spelling; empty if it is a name."""
    host = host.split("%", 1)[0].rstrip(".")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # 127.1, 0x7f000001 and 2130706433 are addresses to a C library, though not to ipaddress.
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except (OSError, ValueError):
            return ""
    return host
