"""Hostile input in addresses, queries and forms gets one of our pages, and never an internal error."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from tests import sampling
from tests.conftest import DATABASE
from tests.market import every_address as table
from tests.market.auth_centre_addresses import BY_A_SECRET, FORMS_OF_APPLICATIONS
from tests.market.every_address import ADDRESSES, Address
from tests.market.routes import routes
from tests.market.world import World, shared_world
from tests.market.written import rows

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NAMES = (
    "q", "category", "sort", "after", "page", "plan", "periods", "quantity", "total", "next", "language", "activity",
    "state", "status", "order", "reason", "address", "seller", "kind", "from", "to", "delivery", "product", "living", "show", "left",
)  # fmt: skip
VALUES = {
    "NUL": "a\x00b",
    "a number too long for any column": "9" * 40,
    "a number one above 64 bits": str(2**63),
    "the least number of 64 bits, and one less": str(-(2**63) - 1),
    "a number of floats": "1e400",
    "more digits than Python reads": "9" * 5000,
    "not a number": "NaN",
    "digits of another script": "١٢³",
    "long": "长" * 5000,
    "HTML": "\"'><script>alert(1)</script>",
    "line ends": "a\r\nSet-Cookie: b=c",
    "a pattern of SQL": "%_\\';--",
}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with shared_world(django_db_blocker) as small_world:
        yield small_world


def role_of(row: Address) -> str:
    allowed = row.get | row.post
    return next((role for role in (table.BUYER, table.OWNER, table.OPERATOR) if role in allowed), table.STRANGER)


def client_of(world: World, row: Address, *, csrf: bool = False) -> Client:
    client = Client(headers={"accept-language": "en"}, raise_request_exception=True, enforce_csrf_checks=csrf)
    if role_of(row) != table.STRANGER:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role_of(row)]
    return client


def ask(client: Client, method: str, path: str, data: dict[str, str]) -> HttpResponse:
    cache.clear()  # the rate limits
    with transaction.atomic():
        answer: HttpResponse = client.get(path, data) if method == "GET" else client.post(path, data)  # type: ignore[assignment]
        transaction.set_rollback(True)
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("name", VALUES)
def test_no_value_breaks_a_page_or_is_returned_as_markup(world: World, name: str) -> None:
    """Each value at a twentieth of the addresses on SQLite, at a fortieth on PostgreSQL; a soak sends all to all."""
    value = VALUES[name]
    drawn = sampling.sample(
        sorted(ADDRESSES),
        share=1 / 20 if DATABASE == "sqlite" else 1 / 40,
        seed=sampling.SEED + zlib.crc32(f"{DATABASE} {name}".encode()),
    )
    for pattern in drawn:
        row = ADDRESSES[pattern]
        client = client_of(world, row)
        path = world.path(pattern, row)
        for method, data in (("GET", NAMES), ("POST", {*NAMES, *row.data})):
            answer = ask(client, method, path, dict.fromkeys(data, value))
            subject = f"{method} {path}: {answer.status_code}"
            assert answer.status_code < 500, subject
            assert "<script>alert(1)" not in answer.content.decode(errors="replace"), subject
            assert "b=c" not in str(answer.cookies), subject


@pytest.mark.slow
def test_no_path_breaks_a_page(world: World) -> None:
    """A tenth of the addresses with parameters, different ones on each database, because they refuse numbers
    differently.
    """
    holding = sorted(pattern for pattern, row in ADDRESSES.items() if row.kwargs)
    for pattern in sampling.sample(holding, share=1 / 10, seed=sampling.SEED + zlib.crc32(DATABASE.encode())):
        row = ADDRESSES[pattern]
        client = client_of(world, row)
        for name in row.kwargs:
            for value in (str(2**63), "9" * 40, "9" * 5000, "%00", "%FF", "%0d%0aX:y", "..%2f..%2f", "%F0%9F%98%80"):
                template, _ = routes()[pattern][0]
                path = "/" + template % {**{n: v.format_map(world.facts) for n, v in row.kwargs.items()}, name: value}
                for method in ("GET", "POST"):
                    answer = ask(client, method, path, {})
                    assert answer.status_code < 500, f"{method} {path[:200]}: {answer.status_code}"


@pytest.mark.slow
def test_pages_of_signed_in_users_are_not_cached(world: World) -> None:
    for pattern in sorted(ADDRESSES):
        row = ADDRESSES[pattern]
        if not row.get or row.get == table.ANYBODY:
            continue
        answer = client_of(world, row).get(world.path(pattern, row))
        cache_control = answer.headers.get("Cache-Control", "")
        assert answer.status_code != 200 or "private" in cache_control or "no-store" in cache_control, (
            f"{pattern}: {cache_control}"
        )


def test_forms_from_another_site_are_refused(world: World) -> None:
    before = rows()
    for pattern in sorted(ADDRESSES):
        row = ADDRESSES[pattern]
        if row.gateway or not row.post or pattern in BY_A_SECRET:
            continue
        client = client_of(world, row, csrf=True)
        data = {name: value.format_map(world.facts) for name, value in row.data.items()}
        path = world.path(pattern, row)
        for headers in ({}, {"Origin": "https://evil.example"}, {"X-CSRFToken": "x" * 32}, {"HX-Request": "true"}):
            answer = client.post(path, data, headers=headers)
            if pattern in FORMS_OF_APPLICATIONS:
                assert answer.status_code == 303, path
                assert answer["Location"].startswith(f"{path}?"), path
                continue
            assert answer.status_code == 403, f"{path} with {headers}"
    assert rows() == before


EVIL_NAME = b'--x\r\nContent-Disposition: form-data; name="a\xff\x00b"\r\n\r\n\x00\xff\r\n--x--\r\n'
EVIL_FILE = b'--x\r\nContent-Disposition: form-data; name="q"; filename="../../\xff\x00.png"\r\nContent-Type: image/png\r\n\r\n<script>\r\n--x--\r\n'
BODIES = {
    "names that are no text": ("multipart/form-data; boundary=x", EVIL_NAME),
    "a file that lies": ("multipart/form-data; boundary=x", EVIL_FILE),
    "no boundary": ("multipart/form-data", EVIL_NAME),
    "an endless boundary": ("multipart/form-data; boundary=" + "x" * 300, EVIL_NAME),
    "cut off": ("multipart/form-data; boundary=x", EVIL_FILE[:60]),
    "parts that lie about their encoding": ("multipart/form-data; boundary=x", EVIL_FILE.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1)),
    "an unknown charset": ("application/x-www-form-urlencoded; charset=utf-99", b"q=b"),
    "another charset": ("application/x-www-form-urlencoded; charset=utf-16", b"q=b"),
    "bytes that are no text": ("application/x-www-form-urlencoded", b"q=%ff%00&%ff=1&=&&a"),
    "too many fields": ("application/x-www-form-urlencoded", b"q=1&" * 5000),
    "JSON": ("application/json", b"[" * 100_000),
    "nothing at all": ("", b"\x00" * 100),
}  # fmt: skip


def test_no_body_breaks_a_page(world: World) -> None:
    """One address of each role: shared code reads the bodies."""
    forms = {role_of(row): (pattern, row) for pattern, row in ADDRESSES.items() if row.post and not row.gateway}
    for pattern, row in forms.values():
        client, path = client_of(world, row), world.path(pattern, row)
        for name, (kind, body) in BODIES.items():
            cache.clear()  # the rate limits
            with transaction.atomic():
                answer = client.generic("POST", path, body, content_type=kind)
                transaction.set_rollback(True)
            assert answer.status_code < 500, f"{path} with {name}: {answer.status_code}"
