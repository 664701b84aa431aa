"""Decides which addresses the market may call: public ones, and the private networks that its operator allows.

Some addresses are refused even inside an allowed network: this machine, link-local and multicast addresses, cloud
metadata, and the market's own database. Pages use this module too, so it loads no HTTP client."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import time
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

type Network = IPv4Network | IPv6Network

SETTING = "TRADEPOST_NETWORKS"
POSTGRESQL_PORT = 5432
DATABASE_CACHE_SECONDS = 60.0
"""Seconds for which the resolved addresses of the database host are cached."""
_NEVER_CALLED: dict[str, tuple[str, ...]] = {
    "unspecified addresses": ("0.0.0.0/8",),
    "loopback": ("127.0.0.0/8",),
    "unspecified, loopback or translated IPv4 addresses": ("::/8", "2002::/16", "2001::/32"),
    "link-local addresses, among them cloud metadata": ("169.254.0.0/16", "fe80::/10"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved addresses": ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "fec0::/10", "5f00::/16"),
}
"""Networks that are never called, by reason. RFC 3879, 6890, 7526, 9602."""
_METADATA = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.100.100.200/32",  # Alibaba Cloud
            "100.96.0.96/32",  # Volcano Engine
            "168.63.129.16/32",  # Azure
            "fd00:ec2::/32",  # AWS
            "fd20:ce::254/128",  # Google Cloud
            "fd00:42::42/128",  # Scaleway
            "fd00:a9fe:a9fe::/48",  # Akamai
        ),
    )
)
"""Metadata servers of clouds, which return secrets. Other metadata servers have link-local addresses."""
_REFUSED = {reason: tuple(map(ipaddress.ip_network, networks)) for reason, networks in _NEVER_CALLED.items()}
_ALL_REFUSED = (*(network for networks in _REFUSED.values() for network in networks), *_METADATA)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class OutboundPolicy(Struct, frozen=True, cache_hash=True):
    """Which addresses the market may call and which certificates it trusts.

    ``networks``: allowed private networks. ``authorities``: PEM of certificate authorities that are trusted in
    addition to the machine's. ``database``: host and port of the market's own database."""

    sandbox: bool = False
    networks: tuple[Network, ...] = ()
    authorities: str = ""
    database: tuple[tuple[str, int], ...] = ()


PUBLIC = OutboundPolicy()
SANDBOX = OutboundPolicy(sandbox=True)


# --- the setting ------------------------------------------------------------------------------------------------------


def read_networks(text: str) -> tuple[Network, ...]:
    """Parse a comma-separated list of networks. Raises ``ValueError`` with an explanation of the first invalid
    entry."""
    return tuple(_network(part.strip()) for part in text.split(",") if part.strip())


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is not a network. Write it as 10.20.0.0/16 or fd12:3456::/48.") from None
    if not _has_no_host_bits(text):
        single = f"{text.split('/', maxsplit=1)[0]}/{network.max_prefixlen}"
        raise ValueError(f"{text} has bits set after its prefix. Write {network}, or {single} for a single host.")
    for reason, refused_networks in _REFUSED.items():
        if overlapping := next(
            (refused_network for refused_network in refused_networks if refused_network.overlaps(network)), None
        ):
            raise ValueError(
                f"{network} overlaps {overlapping} ({reason}), which is never called. List only the networks of your sellers' servers."
            )
    if any(metadata.supernet_of(network) for metadata in _METADATA if isinstance(metadata, type(network))):  # type: ignore[arg-type]
        raise ValueError(f"{network} belongs to a cloud's metadata service, which is never called. Remove it.")
    return network


def _has_no_host_bits(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def database_places(url: str) -> tuple[tuple[str, int], ...]:
    """Return host and port of each server in a ``DATABASE_URL``; none for SQLite or a socket in a folder."""
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        port = parts.port or int(options.get("port", [""])[0].split(",")[0] or POSTGRESQL_PORT)
        named_hosts = [*options.get("host", [parts.hostname or ""]), *options.get("hostaddr", [])]
    except ValueError:  # the command line reports the error
        return ()
    hosts = (host for hosts in named_hosts for host in hosts.split(","))
    return tuple((host, port) for host in hosts if host and not host.startswith(("/", "@")))


# --- the decision -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def is_allowed(address: str, outbound: OutboundPolicy) -> bool:
    """Return whether an IP address may be called, apart from the database. Mapped and translated IPv4 is treated as
    IPv4."""
    ip = _untranslated(address)
    if outbound.sandbox and ip.is_loopback:
        return True
    if any(ip in network for network in _ALL_REFUSED):
        return False
    return _inside(ip, outbound) or (ip.is_global and not ip.is_multicast and not ip.is_reserved)


def is_permitted(address: str, port: int, outbound: OutboundPolicy) -> bool:
    """Return whether an IP address and port may be called. Resolves the database host at intervals, so it may
    block."""
    return is_allowed(address, outbound) and not _is_database(_untranslated(address), port, outbound)


def in_allowed_network(address: str, outbound: OutboundPolicy) -> bool:
    """Return whether an IP address may be called because the operator allows its private network."""
    return is_allowed(address, outbound) and _inside(_untranslated(address), outbound)


def _inside(ip: IPv4Address | IPv6Address, outbound: OutboundPolicy) -> bool:
    return any(ip in network for network in outbound.networks)


def _untranslated(address: str) -> IPv4Address | IPv6Address:
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, IPv4Address):
        return ip
    inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
    if inner is None and ip in _NAT64:
        inner = IPv4Address(int(ip) & 0xFFFFFFFF)
    return inner or ip


# --- the market's own database ----------------------------------------------------------------------------------------

_cached: dict[tuple[str, int], tuple[float, frozenset[IPv4Address | IPv6Address] | None]] = {}
"""By host and port of a database: when its cached addresses expire, and the addresses; None if its name was never
resolved."""


def _is_database(ip: IPv4Address | IPv6Address, port: int, outbound: OutboundPolicy) -> bool:
    """Return whether this is the database host on any port, or the database's port in a private network."""
    if not outbound.database:
        return False
    private = ip.is_loopback or _inside(ip, outbound)
    if private and port in {port for _host, port in outbound.database}:
        return True
    if ip.is_loopback:  # a sandbox calls this machine, where its database may also run
        return False
    for database_address in outbound.database:
        addresses = _addresses(database_address)
        if addresses is None and private:  # refuse rather than risk a call to the database
            return True
        if addresses is not None and ip in addresses:
            return True
    return False


def _addresses(database_address: tuple[str, int]) -> frozenset[IPv4Address | IPv6Address] | None:
    until, addresses = _cached.get(database_address, (0.0, None))
    if time.monotonic() < until:
        return addresses
    with contextlib.suppress(OSError, UnicodeError):  # if names cannot be resolved, keep the last addresses
        infos = socket.getaddrinfo(*database_address, type=socket.SOCK_STREAM)
        addresses = frozenset(_untranslated(str(address[0])) for *_, address in infos)
    _cached[database_address] = (time.monotonic() + DATABASE_CACHE_SECONDS, addresses)
    return addresses
