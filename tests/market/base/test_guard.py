"""Outbound calls reach only public addresses; a sandbox may also call loopback."""

from __future__ import annotations

import pytest

from tradepost.market.base.errors import Refused
from tradepost.market.base.guard import AddressBlocked, check_literal
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, is_allowed
from tradepost.market.production.addresses import check_url

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "64:ff9b:1::1", "::7f00:1",
    "168.63.129.16", "100.100.100.200", "192.0.0.192", "192.88.99.1", "fec0::1", "5f00::1", "fd00:ec2::254",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_in_any_spelling(address: str) -> None:
    assert not is_allowed(address, outbound=PUBLIC)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address, outbound=PUBLIC)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_sandbox_calls_loopback_but_no_other_private_address(address: str) -> None:
    assert is_allowed(address, outbound=SANDBOX)
    assert not is_allowed("169.254.169.254", outbound=SANDBOX)
    assert not is_allowed("10.0.0.1", outbound=SANDBOX)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "169.254.169.254"]
)
def test_literal_addresses_are_checked_before_connecting(host: str) -> None:
    with pytest.raises(AddressBlocked):
        check_literal(f"http://{host}/latest/meta-data", outbound=PUBLIC)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com/p", "https://127.0.0.1/p", "https://[::1]/p", "https://localhost/p", "ftp://a.example/p",
        "https://user:pw@a.example/p", "https://a.example/p#x", "https://a.example:0/", "https://a.example:99999/", "not a url", "",
        "https://a.example/" + "x" * 512, "https://a. example/", "https://@a.example/", "https://:@a.example/",
        "https://a.example/#", "https://a.exam\nple/", "https://a.example/\tb", "https://a.example/\x00", "https://a.example/\x7f",
        "https://127.1/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.0.0.1./", "https://localhost./",
        "https://[::ffff:127.0.0.1]/", "https://１２７.0.0.1/", "https://bücher.example/", "https://[::1", "https://a.example:x/",
    ],
)  # fmt: skip
def test_real_market_registers_only_https_and_domain_names(url: str) -> None:
    """saas-v2 §1.2."""
    with pytest.raises(Refused) as refusal:
        check_url(url, outbound=PUBLIC)
    assert refusal.value.field == "url"


def test_sandbox_registers_loopback() -> None:
    assert check_url(" http://127.0.0.1:9000/produce ", outbound=SANDBOX) == "http://127.0.0.1:9000/produce"
