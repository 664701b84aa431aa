"""TRADEPOST_NETWORKS: which private addresses a market may call, and which stay refused whatever is listed (opening §1)."""

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
from tradepost.market.base.hosts import wrong_host
from tradepost.market.base.outbound import Bounds, NotReached, Why, fetch_async
from tradepost.market.base.outbound_policy import (
    PUBLIC,
    OutboundPolicy,
    allowed,
    database_places,
    in_allowed_network,
    permitted,
    read_networks,
)
from tradepost.market.identity.domains import host_of
from tradepost.market.production.addresses import check_url

WIDE = OutboundPolicy(networks=read_networks("10.0.0.0/8, 172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"))
"""As wide as an operator may set it."""


@pytest.mark.parametrize(
    ("text", "explained"),
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
def test_a_network_that_no_market_may_call_is_refused_at_the_start_with_an_explanation(
    text: str, explained: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Config(networks=text)  # type: ignore[arg-type]  # as the environment gives it
    [error] = refused.value.errors()
    assert error["loc"] == ("networks",)
    assert explained in error["msg"]


def test_networks_are_read_from_the_environment_and_from_nowhere_in_the_console(
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
def test_an_allowed_network_is_called_however_its_addresses_are_written(address: str) -> None:
    assert allowed(address, WIDE)
    if address != "1.1.1.1":
        assert in_allowed_network(address, WIDE)
        assert not allowed(address, PUBLIC)


REFUSED = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.23", "224.0.0.1", "239.255.255.250",
    "255.255.255.255", "240.0.0.1", "100.100.100.200", "100.96.0.96", "168.63.129.16", "192.0.0.192", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::a9fe:a9fe", "ff02::1", "fec0::1", "5f00::1", "fd00:ec2::254", "fd00:ec2::253",
    "fd20:ce::254", "fd00:42::42", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:100.100.100.200", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::a01:203", "2002:7f00:1::", "2002:a9fe:a9fe::", "2002:6464:64c8::1", "::7f00:1",
    "2001:0:5ef5:79fd:0:59d:5601:5601",  # Teredo: 169.254.169.254, inverted
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_these_stay_refused_inside_an_allowed_network(address: str) -> None:
    assert not allowed(address, WIDE)
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
def test_the_database_is_known_from_its_address(url: str, places: tuple[tuple[str, int], ...]) -> None:
    assert database_places(url) == places


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    outbound_policy._known.clear()


def beside(database: str, port: int = 5432) -> OutboundPolicy:
    return OutboundPolicy(networks=WIDE.networks, database=((database, port),))


def test_the_database_stays_refused_inside_an_allowed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its host on any port, and its port on any private host."""
    names = Names({"db.internal": [["10.0.0.7", "fd00::7"]]})
    monkeypatch.setattr(socket, "getaddrinfo", names)
    policy = beside("db.internal", 6543)
    refused = [("10.0.0.7", 443), ("10.0.0.7", 6543), ("fd00::7", 443), ("::ffff:10.0.0.7", 443), ("10.0.0.8", 6543)]
    assert [place for place in refused if permitted(*place, policy)] == []
    assert permitted("10.0.0.8", 443, policy)
    assert permitted("1.1.1.1", 6543, policy), "a public server may listen where it likes"
    assert names.asked["db.internal"] == 1, "its addresses are kept for a while"
    assert wrong_host("10.0.0.8", policy) == ""


def test_a_database_that_moved_is_found_and_one_without_an_address_shuts_the_networks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbound_policy, "DATABASE_KNOWN_FOR", 0.0)
    names = Names({"db.internal": [["10.0.0.7"], ["10.0.0.8"]], "gone.internal": [[]]})
    monkeypatch.setattr(socket, "getaddrinfo", names)
    assert not permitted("10.0.0.7", 443, beside("db.internal"))
    assert not permitted("10.0.0.8", 443, beside("db.internal"))

    def fails(*_args: object, **_more: object) -> list[tuple[object, ...]]:
        raise socket.gaierror(socket.EAI_AGAIN, "no name server")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    assert not permitted("10.0.0.8", 443, beside("db.internal")), "the last answer counts while none comes"
    assert permitted("10.0.0.9", 443, beside("db.internal"))
    assert not permitted("10.0.0.9", 443, beside("never.internal")), "nobody knows where it is"
    assert permitted("1.1.1.1", 443, beside("never.internal"))


def test_a_sandbox_calls_this_machine_but_not_the_port_of_its_database() -> None:
    policy = OutboundPolicy(sandbox=True, database=(("127.0.0.1", 6543),))
    assert permitted("127.0.0.1", 9000, policy)
    assert not permitted("127.0.0.1", 6543, policy)


# --- where it is connected to -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (["10.1.2.3"], True), (["10.1.2.3", "fd00::3"], True), (["10.1.2.3", "1.1.1.1"], True), (["10.1.2.3", "127.0.0.1"], False),
        (["169.254.169.254", "10.1.2.3"], False), (["10.1.2.3", "10.0.0.7"], False), (["11.0.0.1", "198.18.0.1"], False), (["::1"], False),
    ],
)  # fmt: skip
def test_an_answer_that_mixes_allowed_and_refused_addresses_is_refused_whole(
    answer: list[str], ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By both doors: that of the event loop and that of threads. A resolver lies, and its order is a stranger's."""
    monkeypatch.setattr(socket, "getaddrinfo", Names({"erp.corp.internal": [answer], "db.internal": [["10.0.0.7"]]}))
    opened: list[object] = []

    class Socket(socket.socket):
        def connect(self, where: object) -> None:
            opened.append(where)

    monkeypatch.setattr(socket, "socket", Socket)
    policy = beside("db.internal")
    if ok:
        guarded_connection("erp.corp.internal", 443, 5.0, outbound=policy).close()
        assert opened, "it was connected to"
        return
    with pytest.raises(AddressBlocked, match="TRADEPOST_NETWORKS"):
        guarded_connection("erp.corp.internal", 443, 5.0, outbound=policy)
    with pytest.raises(AddressBlocked, match="TRADEPOST_NETWORKS"):
        asyncio.run(_resolved("erp.corp.internal", policy))
    assert opened == []


async def _resolved(name: str, policy: OutboundPolicy) -> list[str]:
    return [found["host"] for found in await GuardedResolver(policy).resolve(name, 443)]


def test_each_connection_checks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the name led into an allowed network when it was looked at, and to this machine a moment later."""
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
def test_each_hop_of_a_redirect_is_checked_like_the_first(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hop is in an allowed network, played by a server on loopback; the second never is."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        outbound_policy, "_ALL_REFUSED", tuple(n for n in outbound_policy._ALL_REFUSED if str(n) != "127.0.0.0/8")
    )
    names = Names({"inside.internal": [["10.1.2.3", "169.254.169.254"]], "first.internal": [["127.0.0.5"]]})
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: (names if ".internal" in str(host) else real)(host, *rest, **more),
    )
    policy = OutboundPolicy(
        networks=(*WIDE.networks, ip_network("127.0.0.5/32")), database=(("10.0.0.7", 6543),)
    )  # fmt: skip
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.5", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await fetch_async(f"http://first.internal:{port}/a", Bounds(outbound=policy, redirects=3, within=20.0))

    allowed.cache_clear()
    try:
        with pytest.raises(NotReached) as away:
            asyncio.run(run())
    finally:
        allowed.cache_clear()
    assert (away.value.why, asked) == (Why.ADDRESS, ["/a"])


@pytest.mark.parametrize("host", ["10.1.2.3", "[fd12:3456::1]", "erp.corp.internal", "erp"])
def test_an_address_in_an_allowed_network_can_be_entered_and_elsewhere_the_setting_is_named(host: str) -> None:
    url = f"https://{host}:8443/produce"
    assert check_url(url, outbound=WIDE) == url
    assert wrong_host(host_of(host), WIDE) == ""
    if host != "erp.corp.internal":  # where a name leads is looked at when it is called
        with pytest.raises(Refused, match="TRADEPOST_NETWORKS"):
            check_url(url, outbound=PUBLIC)
        assert "TRADEPOST_NETWORKS" in wrong_host(host_of(host), PUBLIC)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/", "https://[fe80::1]/", "https://11.22.33.44/",
        "https://[::ffff:127.0.0.1]/", "https://10.1/", "https://0x0a010203/", "https://167838211/", "http://10.1.2.3/", "https://10.1.2.3:5432/",
        "https://100.100.100.200/", "https://[2606:4700::1111]/",
    ],
)  # fmt: skip
def test_what_is_no_private_address_of_an_allowed_network_is_not_entered(url: str) -> None:
    """A public server has a name (saas-v2 §1.2); other spellings are read differently by different programs."""
    with pytest.raises(Refused):
        check_url(url, outbound=WIDE)


def test_a_literal_address_is_checked_with_its_port() -> None:
    policy = beside("10.0.0.7", 6543)
    check_literal("https://10.1.2.3:8443/x?y=z", policy)
    for url in ("https://10.1.2.3:6543/", "https://10.0.0.7:8443/", "https://[::ffff:10.0.0.7]/", "https://10.1:6543/"):
        with pytest.raises(AddressBlocked):
            check_literal(url, policy)
