"""Every address × every role, with somebody else's object: it does not exist for them, tells nothing and changes nothing.

A new address without a row in every_address.py makes this fail. A run of everything asks of each address half of the roles, drawn
by the seed, some who may and some who may not; a soak, and whoever asks for this file, all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.http import HttpResponse

from tests import sampling
from tests.market import every_address as table
from tests.market.every_address import ADDRESSES, ANYBODY, STRANGER, Address
from tests.market.world import LICENSE, MACHINE_LICENSE, PASSWORD, World, routes, standing
from tradepost.market.audit.models import Entry

pytestmark = pytest.mark.django_db

REFUSED = {
    HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.PRECONDITION_FAILED,  # of what speaks no tus, at the address of uploads; assets/test_uploads.py asks as those do
}  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with standing(django_db_blocker) as made:
        yield made


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    found = routes()
    assert set(found) == set(ADDRESSES)
    assert [pattern for pattern, ways in found.items() if len(ways) > 1] == []


@pytest.mark.parametrize("pattern", ADDRESSES, ids=lambda pattern: pattern or "/")
def test_only_those_who_may_see_or_change_anything(world: World, pattern: str) -> None:
    row, before = ADDRESSES[pattern], world.before
    for role, method in asked_of(pattern, drawn=sampling.WHOLE_SUITE):
        answer = world.ask(role, method, pattern)
        asked = f"{method} {pattern} as {role}: {answer.status_code}"
        if role in _allowed(row, method):
            assert answer.status_code in {200, 204, 302, 303, 400, 409, 422}, asked
            assert not _sends_to_login(answer) or ANYBODY in (row.get, row.post), asked
        else:
            assert _is_refused(answer, role, row), asked
            logged = (
                {Entry._meta.label} if role == table.OPERATOR and method == "POST" else set()
            )  # what was refused, too
            changed = {label for label, kept in world.after.items() if kept != before[label]}
            assert changed <= logged, f"{asked}, and something changed"
        if method == "GET":
            assert world.after == before, f"{asked}: a GET changed something"
        # A page may repeat the address that the reader typed, and what they typed into a form of their own.
        text = answer.content.decode(errors="replace").replace(world.path(pattern, row), "")
        known = _typed(row, world) if (method == "POST" and row.post == ANYBODY) or row.gateway else set()
        told = [secret for secret, readers in world.secrets.items() if secret in text and role not in readers]
        assert set(told) <= known, f"{asked} tells what it must not"


def asked_of(pattern: str, *, drawn: bool, seed: int = sampling.SEED) -> list[tuple[str, str]]:
    """Who asks for it by which method: all roles, or of those who may and of those who may not a third, at least one of each."""
    row = ADDRESSES[pattern]
    everybody = {f"{method} {pattern} as {role}": (role, method) for role in table.ROLES for method in ("GET", "POST")}

    def kind(name: str) -> tuple[str, bool]:
        role, method = everybody[name]
        return method, role in _allowed(row, method)

    names = sampling.sample(
        list(everybody), family=kind, share=1 / 3, seed=seed + sampling.rank(pattern), everything=not drawn
    )
    return [everybody[name] for name in names]


def _allowed(row: Address, method: str) -> frozenset[str]:
    return row.get if method == "GET" else row.post


def test_a_run_of_everything_asks_each_address_by_some_who_may_and_some_who_may_not() -> None:
    """And every role gets its turn at every address with the seeds; asked for by name all of them ask."""
    for pattern, row in ADDRESSES.items():
        whole, third = asked_of(pattern, drawn=False), asked_of(pattern, drawn=True, seed=1)
        assert whole == [(role, method) for role in table.ROLES for method in ("GET", "POST")]
        assert len(third) <= len(whole) / 2
        for method in ("GET", "POST"):
            may = _allowed(row, method)
            assert {role in may for role, how in third if how == method} == {role in may for role in table.ROLES}
    turns = {one for seed in range(60) for one in asked_of("console/orders/", drawn=True, seed=seed)}
    assert turns == set(asked_of("console/orders/", drawn=False))


def _is_refused(answer: HttpResponse, role: str, row: Address) -> bool:
    if row.gateway:
        return answer.status_code in {*REFUSED, HTTPStatus.UNAUTHORIZED} and answer["Content-Type"] in {
            "application/json",
            "application/scim+json",
        }
    if role == STRANGER and _sends_to_login(answer):
        return True
    return answer.status_code in REFUSED


def _sends_to_login(answer: HttpResponse) -> bool:
    return answer.status_code == HTTPStatus.FOUND and answer["Location"].startswith("/account/login/?next=/")


def _typed(row: Address, world: World) -> set[str]:
    return {one.format_map(world.facts) for one in (*row.kwargs.values(), *row.data.values())}


def test_password_and_license_come_back_to_their_owner_alone(world: World) -> None:
    """So that the walk above is known to ask for something that is there."""
    assert world.ask(table.BUYER, "POST", "services/<int:pk>/password/").content.decode() == PASSWORD
    assert world.ask(table.BUYER, "POST", "services/<int:pk>/license/").content.decode() == LICENSE
    machine = "services/<int:pk>/licenses/<int:license_pk>/"
    assert world.ask(table.BUYER, "POST", machine).content.decode() == MACHINE_LICENSE
    assert world.ask(table.BUYER, "GET", f"{machine}file").content.decode() == MACHINE_LICENSE
    page = world.ask(table.BUYER, "GET", "orders/<str:number>/").content.decode()
    assert world.facts["order"] in page
