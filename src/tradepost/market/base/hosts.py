"""Rules for the host and port of a production address, checked on the text without a look-up.

Each call checks where a name resolves to (``guard``). This module refuses hosts that no seller's server uses,
spellings that programs read differently (``127.1``, ``%00``, an empty part), and ports of other services."""

from __future__ import annotations

import ipaddress
import re

from django.utils.translation import gettext as _

from .literal import literal_ip
from .outbound_policy import OutboundPolicy, in_allowed_network

MAX_HOST_LENGTH = 253
_PART = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_CHARACTERS = re.compile(r"[a-z0-9._-]+")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_OTHER_SERVICES = frozenset({
    21, 22, 23, 25, 53, 69, 110, 111, 135, 139, 143, 161, 389, 445, 465, 587, 636, 873, 993, 995,
    1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5900, 5984,
    6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 9200, 9300, 10080, 10250, 11211, 27017,
})  # fmt: skip
"""Files, log-ins, mail, names, databases, clusters. A call to such a port is a mistake, and the service may read it
as a command."""
FIRST_FREE_PORT = 1024


def host_error(host: str, outbound: OutboundPolicy) -> str:
    """Return what is wrong with the host of an address, for the user who typed it; empty if it is valid."""
    if ":" in host:
        return _wrong_ipv6(host, outbound)
    if "%" in host or not _CHARACTERS.fullmatch(host):
        return _(
            "The host may contain only letters, digits, hyphens and dots. Write a name in another script in its "
            "xn-- form."
        )
    parts = host.split(".")
    if "" in parts:
        return _("The host has an empty part: a dot at its beginning or end, or two in a row.")
    if len(host) > MAX_HOST_LENGTH or not all(map(_PART.fullmatch, parts)) or (not outbound.sandbox and "_" in host):
        return _(
            "Each part of the host has 1 to 63 letters, digits and hyphens, and does not start or end with a "
            "hyphen. The whole host has at most 253 characters."
        )
    if _NUMBER.fullmatch(parts[-1]):  # an IPv4 address to browsers and C libraries, though not to Python
        return _wrong_ipv4(host, outbound)
    if invalid_part := next((part for part in parts if part.startswith("xn--") and not _is_idn(part)), ""):
        return _("%(part)s is not the xn-- form of a name.") % {"part": invalid_part}
    return "" if outbound.sandbox or outbound.networks or len(parts) > 1 else _not_public()


def _wrong_ipv6(host: str, outbound: OutboundPolicy) -> str:
    if "%" in host:
        return _(
            "An IPv6 address must not contain a zone after a percent sign, because a zone is valid only on this "
            "machine."
        )
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return _("This is not a web address.")
    return "" if outbound.sandbox or in_allowed_network(host, outbound) else _not_public()


def _wrong_ipv4(host: str, outbound: OutboundPolicy) -> str:
    if not outbound.sandbox and not (_is_ip(host) and in_allowed_network(host, outbound)):
        return _not_public()
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        if canonical := literal_ip(host):
            return _("%(host)s is an unusual spelling of an IP address. Write %(meant)s.") % {
                "host": host,
                "meant": canonical,
            }
        return _("A host that ends with a number must be an IP address, and %(host)s is not one.") % {"host": host}
    return ""


def _not_public() -> str:
    return _(
        "The host must be a public domain name. Private names and IP addresses work only in networks that the operator allows "
        "(TRADEPOST_NETWORKS)."
    )


def _is_ip(host: str) -> bool:
    """Return whether the host is an IP address in its canonical spelling: programs read other spellings
    differently."""
    return literal_ip(host) == host


def _is_idn(part: str) -> bool:
    try:
        return part.encode().decode("idna").encode("idna").decode() == part
    except UnicodeError:
        return False


def port_error(port: int | None, outbound: OutboundPolicy) -> str:
    """Return what is wrong with the port of an address; None is the default port of the scheme.

    A sandbox may use any port except those of other services."""
    if port == 0:
        return _("This is not a web address.")
    if port is None or (port not in _OTHER_SERVICES and (outbound.sandbox or port == 443 or port >= FIRST_FREE_PORT)):
        return ""
    if port in _OTHER_SERVICES:
        return _("Port %(port)s belongs to another service, such as mail, remote login or a database.") % {"port": port}
    return _("The market calls only port 443 and ports from 1024 upwards, not %(port)s.") % {"port": port}
