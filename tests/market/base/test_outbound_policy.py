"""TRADEPOST_NETWORKS: the private addresses that a market may call, and those always refused (opening §1)."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from tests.market.production.names import Names
from tradepost.market.base import outbound_policy
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.guard import AddressBlocked, GuardedResolver, check_literal, guarded_connection
from tradepost.market.base.hosts import host_error
from tradepost.market.base.outbound import Bounds, FailureReason, NoResponse, fetch_async
from tradepost.market.base.outbound_policy import (
    PUBLIC,
    OutboundPolicy,
    database_places,
    in_allowed_network,
    is_allowed,
    is_permitted,
    read_networks,
)
from tradepost.market.identity.domains import host_of
from tradepost.market.production.addresses import check_url

WIDE = OutboundPolicy(networks=read_networks("10.0.0.0/8, 172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"))
"""The widest setting that is allowed."""


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        ("0.0.0.0/0", "unspecified"), ("::/0", "unspecified"), ("0.0.0.0/1", "unspecified"), ("64.0.0.0/2", "loopback"),
        ("127.0.0.0/8", "loopback"), ("127.0.0.1", "loopback"), ("127.0.0.1/32", "loopback"), ("::1/128", "loopback"),
        ("169.254.0.0/16", "link-local"), ("169.254.169.254/32", "link-local"), ("160.0.0.0/4", "link-local"), ("fe80::/64", "link-local"),
        ("224.0.0.0/4", "multicast"), ("ff02::1/128", "multicast"), ("240.0.0.0/4", "reserved"), ("255.255.255.255", "reserved"),
        ("::ffff:10.0.0.0/104", "translated"), ("64:ff9b::/96", "translated"), ("2002:a00::/24", "translated"),
        ("100.100.100.200/32", "metadata"), ("168.63.129.16", "metadata"), ("fd00:ec2::254/128", "metadata"),
        ("10.1.2.3/8", "Write 10.0.0.0/8, or 10.1.2.3/32"), ("fd12:3456::1/48", "Write fd12:3456::/48, or fd12:3456::1/128"),
        ("10.0.0", "is not a network"), ("10.0.0.0/33", "is not a network"), ("erp.corp.internal", "is not a network"),
        ("10.0.0.0-10.0.0.9", "is not a network"), ("10.0.0.0/8;172.16.0.0/12", "is not a network"), ("10.20.0.0/16,0.0.0.0/0", "unspecified"),
    ],
)  # fmt: skip
def test_forbidden_network_fails_the_start_with_an_explanation(text: str, explanation: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Config(networks=text)  # type: ignore[arg-type]  # as the environment gives it
    [error] = refused.value.errors()
    assert error["loc"] == ("networks",)
    assert explanation in error["msg"]


def test_networks_are_set_only_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRADEPOST_NETWORKS", " 10.20.0.0/16 ,fd12:3456::/48,10.9.9.9,")
    assert Config().outbound.networks == tuple(map(ip_network, ("10.20.0.0/16", "fd12:3456::/48", "10.9.9.9/32")))
    monkeypatch.setenv("TRADEPOST_NETWORKS", "")
    assert Config().outbound.networks == ()


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fc00::1", "fd12:3456::1", "::ffff:10.1.2.3", "1.1.1.1",
        "64:ff9b::a01:203", "2002:a01:203::1",
    ],
)  # fmt: skip
def test_allowed_network_is_called_in_any_spelling(address: str) -> None:
    assert is_allowed(address, WIDE)
    if address != "1.1.1.1":
        assert in_allowed_network(address, WIDE)
        assert not is_allowed(address, PUBLIC)


REFUSED = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.23", "224.0.0.1", "239.255.255.250",
    "255.255.255.255", "240.0.0.1", "100.100.100.200", "100.96.0.96", "168.63.129.16", "192.0.0.192", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::a9fe:a9fe", "ff02::1", "fec0::1", "5f00::1", "fd00:ec2::254", "fd00:ec2::253",
    "fd20:ce::254", "fd00:42::42", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:100.100.100.200", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::a01:203", "2002:7f00:1::", "2002:a9fe:a9fe::", "2002:6464:64c8::1", "::7f00:1",
    "2001:0:5ef5:79fd:0:59d:5601:5601",  # Teredo: 169.254.169.254, inverted
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_stay_refused_inside_an_allowed_network(address: str) -> None:
    assert not is_allowed(address, WIDE)
    assert not in_allowed_network(address, WIDE)


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("", ()), ("postgresql://u:p@db.internal/name", (("db.internal", 5432),)), ("postgresql://db.internal:6543/name", (("db.internal", 6543),)),
        ("postgresql:///name?host=/run/postgresql", ()), ("postgresql://u@/name?host=10.0.0.7&port=6432", (("10.0.0.7", 6432),)),
        ("postgresql:///name?host=a.internal,b.internal", (("a.internal", 5432), ("b.internal", 5432))),
        ("postgresql://db.internal/name?hostaddr=10.0.0.7", (("db.internal", 5432), ("10.0.0.7", 5432))),
        ("postgresql://[fd00::5]:5433/name", (("fd00::5", 5433),)), ("postgresql://a:b:c/name", ()),
    ],
)  # fmt: skip
def test_database_is_detected_from_its_url(url: str, places: tuple[tuple[str, int], ...]) -> None:
    assert database_places(url) == places


@pytest.fixture(autouse=True)
def no_cached_addresses() -> None:
    outbound_policy._cached.clear()


def policy_with_database(database: str, port: int = 5432) -> OutboundPolicy:
    return OutboundPolicy(networks=WIDE.networks, database=((database, port),))


def test_database_stays_refused_inside_an_allowed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its host on any port, and its port on any private host."""
    names = Names({"db.internal": [["10.0.0.7", "fd00::7"]]})
    monkeypatch.setattr(socket, "getaddrinfo", names)
    policy = policy_with_database("db.internal", 6543)
    refused = [("10.0.0.7", 443), ("10.0.0.7", 6543), ("fd00::7", 443), ("::ffff:10.0.0.7", 443), ("10.0.0.8", 6543)]
    assert [place for place in refused if is_permitted(*place, policy)] == []
    assert is_permitted("10.0.0.8", 443, policy)
    assert is_permitted("1.1.1.1", 6543, policy), "public servers may use any port"
    assert names.asked["db.internal"] == 1, "its addresses are cached for a while"
    assert host_error("10.0.0.8", policy) == ""


def test_moved_database_is_found_and_one_without_an_address_blocks_the_networks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbound_policy, "DATABASE_CACHE_SECONDS", 0.0)
    names = Names({"db.internal": [["10.0.0.7"], ["10.0.0.8"]], "gone.internal": [[]]})
    monkeypatch.setattr(socket, "getaddrinfo", names)
    assert not is_permitted("10.0.0.7", 443, policy_with_database("db.internal"))
    assert not is_permitted("10.0.0.8", 443, policy_with_database("db.internal"))

    def fails(*_args: object, **_more: object) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_AGAIN, "no name server")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    assert not is_permitted("10.0.0.8", 443, policy_with_database("db.internal")), (
        "the last answer is used while DNS fails"
    )
    assert is_permitted("10.0.0.9", 443, policy_with_database("db.internal"))
    assert not is_permitted("10.0.0.9", 443, policy_with_database("never.internal")), "its address is unknown"
    assert is_permitted("1.1.1.1", 443, policy_with_database("never.internal"))


def test_sandbox_calls_this_machine_but_not_the_port_of_its_database() -> None:
    policy = OutboundPolicy(sandbox=True, database=(("127.0.0.1", 6543),))
    assert is_permitted("127.0.0.1", 9000, policy)
    assert not is_permitted("127.0.0.1", 6543, policy)


# --- connections --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (["10.1.2.3"], True), (["10.1.2.3", "fd00::3"], True), (["10.1.2.3", "1.1.1.1"], True), (["10.1.2.3", "127.0.0.1"], False),
        (["169.254.169.254", "10.1.2.3"], False), (["10.1.2.3", "10.0.0.7"], False), (["11.0.0.1", "198.18.0.1"], False), (["::1"], False),
    ],
)  # fmt: skip
def test_dns_answer_with_a_refused_address_is_refused_whole(
    answer: list[str], ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the event loop and for threads. Resolvers may be hostile, also in the order of addresses."""
    monkeypatch.setattr(socket, "getaddrinfo", Names({"erp.corp.internal": [answer], "db.internal": [["10.0.0.7"]]}))
    connections: list[object] = []

    class Socket(socket.socket):
        def connect(self, where: object) -> None:
            connections.append(where)

    monkeypatch.setattr(socket, "socket", Socket)
    policy = policy_with_database("db.internal")
    if ok:
        guarded_connection("erp.corp.internal", 443, 5.0, outbound=policy).close()
        assert connections, "connected to a refused address"
        return
    with pytest.raises(AddressBlocked, match="TRADEPOST_NETWORKS"):
        guarded_connection("erp.corp.internal", 443, 5.0, outbound=policy)
    with pytest.raises(AddressBlocked, match="TRADEPOST_NETWORKS"):
        asyncio.run(_resolved("erp.corp.internal", policy))
    assert connections == []


async def _resolved(name: str, policy: OutboundPolicy) -> list[str]:
    return [address["host"] for address in await GuardedResolver(policy).resolve(name, 443)]


def test_each_connection_checks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: at the check the name led into an allowed network, and a moment later to this machine."""
    monkeypatch.setattr(socket, "getaddrinfo", Names({"erp.corp.internal": [["10.1.2.3"], ["127.0.0.1"]]}))
    assert asyncio.run(_resolved("erp.corp.internal", WIDE)) == ["10.1.2.3"]
    with pytest.raises(AddressBlocked):
        asyncio.run(_resolved("erp.corp.internal", WIDE))


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/", "http://169.254.169.254/latest/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/",
        "http://100.100.100.200/", "http://10.0.0.7:8443/", "http://10.0.0.8:6543/", "http://inside.internal/", "http://2130706433/",
    ],
)  # fmt: skip
def test_each_redirect_is_checked_like_the_first_address(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first address is in an allowed network, played by a server on loopback; the second never is."""
    getaddrinfo = socket.getaddrinfo
    monkeypatch.setattr(
        outbound_policy, "_ALL_REFUSED", tuple(n for n in outbound_policy._ALL_REFUSED if str(n) != "127.0.0.0/8")
    )
    names = Names({"inside.internal": [["10.1.2.3", "169.254.169.254"]], "first.internal": [["127.0.0.5"]]})
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: (names if ".internal" in str(host) else getaddrinfo)(host, *rest, **more),
    )
    policy = OutboundPolicy(
        networks=(*WIDE.networks, ip_network("127.0.0.5/32")), database=(("10.0.0.7", 6543),)
    )  # fmt: skip
    requested_paths: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requested_paths.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.5", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await fetch_async(f"http://first.internal:{port}/a", Bounds(outbound=policy, redirects=3, within=20.0))

    is_allowed.cache_clear()
    try:
        with pytest.raises(NoResponse) as away:
            asyncio.run(run())
    finally:
        is_allowed.cache_clear()
    assert (away.value.why, requested_paths) == (FailureReason.ADDRESS, ["/a"])


@pytest.mark.parametrize("host", ["10.1.2.3", "[fd12:3456::1]", "erp.corp.internal", "erp"])
def test_address_in_an_allowed_network_is_accepted_and_otherwise_the_setting_is_named(host: str) -> None:
    url = f"https://{host}:8443/produce"
    assert check_url(url, outbound=WIDE) == url
    assert host_error(host_of(host), WIDE) == ""
    if host != "erp.corp.internal":  # a name is resolved when it is called
        with pytest.raises(Refused, match="TRADEPOST_NETWORKS"):
            check_url(url, outbound=PUBLIC)
        assert "TRADEPOST_NETWORKS" in host_error(host_of(host), PUBLIC)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://[fe80::1]/", "https://11.22.33.44/",
        "https://[::ffff:127.0.0.1]/", "https://10.1/", "https://0x0a010203/", "https://167838211/", "http://10.1.2.3/", "https://10.1.2.3:5432/",
        "https://100.100.100.200/", "https://[2606:4700::1111]/",
    ],
)  # fmt: skip
def test_address_must_be_private_in_an_allowed_network(url: str) -> None:
    """A public server has a name (saas-v2 §1.2); programs read other spellings differently."""
    with pytest.raises(Refused):
        check_url(url, outbound=WIDE)


def test_literal_address_is_checked_with_its_port() -> None:
    policy = policy_with_database("10.0.0.7", 6543)
    check_literal("https://10.1.2.3:8443/x?y=z", policy)
    for url in ("https://10.1.2.3:6543/", "https://10.0.0.7:8443/", "https://[::ffff:10.0.0.7]/", "https://10.1:6543/"):
        with pytest.raises(AddressBlocked):
            check_literal(url, policy)
