"""Issue 8, 4: ``X-Forwarded-For`` is accepted only from proxies in the settings."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from tradepost.market.base.config import Config
from tradepost.market.web import peer as peers
from tradepost.market.web.peer import client_of, network_of

PROXIES = (ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("10.0.0.0/24"))


@pytest.mark.parametrize(
    ("connection", "forwarded", "client"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.5, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.5, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        ("127.0.0.1", "10.0.0.9", "10.0.0.9"),
        ("127.0.0.1", "198.51.100.7,", "127.0.0.1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("127.0.0.1", "2001:DB8::1", "2001:db8::1"),
        ("10.0.1.1", "198.51.100.7", "10.0.1.1"),
        ("", "198.51.100.7", ""),
    ],
)
def test_client_address_behind_proxies(
    monkeypatch: pytest.MonkeyPatch, connection: str, forwarded: str, client: str
) -> None:
    monkeypatch.setattr(peers, "config", lambda: Config(trusted_proxies=PROXIES))
    assert client_of({"REMOTE_ADDR": connection, "HTTP_X_FORWARDED_FOR": forwarded}) == client


def test_proxies_are_networks_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEPOST_TRUSTED_PROXIES", "10.0.0.0/24, 192.0.2.1")
    assert Config().trusted_proxies == (ip_network("10.0.0.0/24"), ip_network("192.0.2.1/32"))
    monkeypatch.setenv("TRADEPOST_TRUSTED_PROXIES", "the proxy")
    with pytest.raises(ValueError, match="trusted_proxies"):
        Config()


@pytest.mark.parametrize("networks", ["0.0.0.0/0", "::/0", "127.0.0.1, 0.0.0.0/1"])
def test_network_of_visitors_is_no_network_of_proxies(monkeypatch: pytest.MonkeyPatch, networks: str) -> None:
    monkeypatch.setenv("TRADEPOST_TRUSTED_PROXIES", networks)
    with pytest.raises(ValueError, match="too wide for proxies"):
        Config()


def test_address_or_network_counts_as_one_client() -> None:
    assert network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("") == ""
