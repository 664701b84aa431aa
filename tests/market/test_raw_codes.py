"""People read names, never keys or codes (issue 27, 3): each page of every role, with data on every page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from tests.architecture.source import ROOT
from tests.market import every_address as table
from tests.market.every_address import ADDRESSES
from tests.market.larger_world import LargerWorld
from tests.market.raw_codes import raw_codes
from tests.market.walking import template_files
from tests.market.world import shared_world
from tradepost.market.payments.models import Transfer
from tradepost.market.web.templatetags.names import charge_of, product_kind, whole_ip

pytestmark = pytest.mark.django_db
THEME = ROOT / "src/tradepost/market/web/static/web/theme.css"

ON_THE_WIRE: Mapping[str, str] = {
    "seller/debug/modes/": "activities and variants of the protocol, as a seller's program reads them",
}
"""Pages that show protocol words unchanged, and why."""

SITES: Mapping[str, str] = {table.BUYER: "/", table.OWNER: "/seller/", table.OPERATOR: "/console/"}
FEWEST: Mapping[str, int] = {table.OPERATOR: 60, table.OWNER: 60, table.BUYER: 50}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[LargerWorld]:
    del django_db_setup
    with shared_world(django_db_blocker, LargerWorld) as larger_world:
        assert isinstance(larger_world, LargerWorld)
        yield larger_world


def test_raw_codes_are_found() -> None:
    page = (
        "<td>MANUAL_SERVICE</td><td>1222/80</td><td>debug.no_key</td><td>failed_orders</td><td>refund_terms.back</td>"
    )
    assert raw_codes(page) == {"MANUAL_SERVICE", "1222/80", "failed_orders", "refund_terms.back"}
    assert raw_codes("<pre>RAW_CODE 1/2</pre><td>3 / 5</td><a href='/a/1/2'>TRADEPOST_NAME</a> 2026/11/30") == set()


def pages_of(world: LargerWorld, role: str) -> Iterator[tuple[str, HttpResponse]]:
    """Return the page of each address, and of the objects in other states of the larger market."""
    for pattern, row in ADDRESSES.items():
        if role in row.get and not row.gateway and pattern not in ON_THE_WIRE:
            yield pattern, world.ask(role, "GET", pattern)
    if role in SITES:
        client = Client(headers={"accept-language": "en"})
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role]
        for path in sorted(shown_path for shown_path in world.shown if site_of(shown_path) == SITES[role]):
            yield path, client.get(path)  # type: ignore[misc]  # the test client's answer is one


def site_of(path: str) -> str:
    """Return the site of a page."""
    return next((site for site in ("/seller/", "/console/") if path.startswith(site)), "/")


@pytest.mark.slow
@pytest.mark.parametrize("role", table.ROLES)
def test_no_page_shows_a_key_or_a_code(world: LargerWorld, role: str) -> None:
    codes_by_page, pages = {}, 0
    for name, answer in pages_of(world, role):
        if answer.status_code == 200 and "html" in answer.headers.get("Content-Type", ""):
            pages += 1
            if codes := raw_codes(answer.content.decode()):
                codes_by_page[name] = codes
    assert codes_by_page == {}
    assert pages > FEWEST.get(role, 5)


@pytest.mark.parametrize(
    ("reason", "reference", "charge"),
    [
        ("charged", "7/12/3/1222", 1222), ("collected", "1222/80", 1222), ("credited", "charge/1222", 1222),
        ("credited", "charge/1222/80", 1222), ("top_up", "1222/80", None), ("payment", "CS1", None),
        ("collected", "x/80", None),
    ],
)  # fmt: skip
def test_charge_of_a_transfer_is_found(reason: str, reference: str, charge: int | None) -> None:
    assert charge_of(Transfer(reason=reason, reference=reference)) == charge


def test_product_type_has_a_name() -> None:
    assert product_kind("SAAS") != "SAAS"
    assert product_kind("GONE") == "GONE", "one of another release"


@pytest.mark.parametrize(
    ("address", "unwrapped"),
    [
        ("203.0.113.5", True), ("2001:db8::7", True), ("2001:db8::/64", True), ("host-7.cloud.example", False),
        ("<script>", False), ("", False),
    ],
)  # fmt: skip
def test_ip_address_is_never_wrapped(address: str, unwrapped: bool) -> None:
    """Issue 27, 3. Other addresses, which may be long, wrap where necessary."""
    assert ('class="tp-ip"' in whole_ip(address)) is unwrapped
    assert ".tp-nowrap, .tp-ip { white-space: nowrap; }" in THEME.read_text()


def test_every_page_with_a_network_address_keeps_it_unwrapped() -> None:
    shown = re.compile(r"\{\{[^}]*\.network\b[^}]*\}\}|fact _\(\"Network\"\) [\w.|]+")
    for name, path in template_files():
        for wrapped in shown.findall(re.sub(r"<span class=\"visually-hidden\">.*?</span>", "", path.read_text())):
            assert "whole_ip" in wrapped, f"{name}: {wrapped}"
