"""Every address × every role, with another user's object: it does not exist for them, reveals nothing and changes
nothing.

A new address without a row in every_address.py fails here. The gate requests each address as a sixth of the roles,
some permitted and some not; a soak, and a run of this file alone, use all of them.
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
from tests.market.routes import routes
from tests.market.world import LICENSE, MACHINE_LICENSE, PASSWORD, World, shared_world
from tradepost.market.audit.models import Entry

pytestmark = pytest.mark.django_db

FORMS_FOR_ALL = ("servers/images/new/<str:product_id>/", "seller/licenses/tests/")
"""Forms that every user of the site may send, each for their own account."""
REFUSED = {
    HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.PRECONDITION_FAILED,  # of requests without tus, at the address of uploads; assets/test_uploads.py sends tus requests
}  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with shared_world(django_db_blocker) as small_world:
        yield small_world


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    patterns = routes()
    assert set(patterns) == set(ADDRESSES)
    assert [pattern for pattern, ways in patterns.items() if len(ways) > 1] == []


@pytest.mark.parametrize("pattern", ADDRESSES, ids=lambda pattern: pattern or "/")
def test_only_permitted_roles_see_or_change_anything(world: World, pattern: str) -> None:
    row, before = ADDRESSES[pattern], world.before
    for role, method in requests_of(pattern, drawn=sampling.GATE):
        answer = world.ask(role, method, pattern)
        request = f"{method} {pattern} as {role}: {answer.status_code}"
        if role in _allowed(row, method):
            assert answer.status_code in {200, 204, 302, 303, 400, 409, 422}, request
            assert not _sends_to_login(answer) or ANYBODY in (row.get, row.post), request
        else:
            assert _is_refused(answer, role, row), request
            logged = (
                {Entry._meta.label} if role == table.OPERATOR and method == "POST" else set()
            )  # refused acts are logged, too
            changed = {label for label, rows_after in world.after.items() if rows_after != before[label]}
            assert changed <= logged, f"{request}, and something changed"
        if method == "GET":
            assert world.after == before, f"{request}: a GET changed something"
        # A page may repeat the requested address, and the input of the reader's own form.
        text = answer.content.decode(errors="replace").replace(world.path(pattern, row), "")
        typed = _typed(row, world) if (method == "POST" and row.post == ANYBODY) or row.gateway else set()
        revealed = [secret for secret, readers in world.secrets.items() if secret in text and role not in readers]
        assert set(revealed) <= typed, f"{request} tells what it must not"


def requests_of(pattern: str, *, drawn: bool, seed: int = sampling.SEED) -> list[tuple[str, str]]:
    """Return roles and methods to request the address: all, or a sixth of the permitted and of the refused roles, at
    least one of each.
    """
    row = ADDRESSES[pattern]
    everybody = {f"{method} {pattern} as {role}": (role, method) for role in table.ROLES for method in ("GET", "POST")}

    def kind(name: str) -> tuple[str, bool]:
        role, method = everybody[name]
        return method, role in _allowed(row, method)

    names = sampling.sample(
        list(everybody), family=kind, share=1 / 6, seed=seed + sampling.rank(pattern), everything=not drawn
    )
    return [everybody[name] for name in names]


def _allowed(row: Address, method: str) -> frozenset[str]:
    return row.get if method == "GET" else row.post


def test_gate_requests_each_address_as_permitted_and_as_refused_roles() -> None:
    """Over the seeds every role requests every address; a run of this file alone uses all roles."""
    for pattern, row in ADDRESSES.items():
        everything, part = requests_of(pattern, drawn=False), requests_of(pattern, drawn=True, seed=1)
        assert everything == [(role, method) for role in table.ROLES for method in ("GET", "POST")]
        assert len(part) <= len(everything) / 2
        for method in ("GET", "POST"):
            may = _allowed(row, method)
            assert {role in may for role, used_method in part if used_method == method} == {
                role in may for role in table.ROLES
            }
    turns = {turn for seed in range(150) for turn in requests_of("console/orders/", drawn=True, seed=seed)}
    assert turns == set(requests_of("console/orders/", drawn=False))


def _is_refused(answer: HttpResponse, role: str, row: Address) -> bool:
    if row.gateway:
        return answer.status_code in {*REFUSED, HTTPStatus.UNAUTHORIZED} and answer["Content-Type"] in {
            "application/json",
            "application/scim+json",
        }
    if role == STRANGER and _sends_to_login(answer):
        return True
    for_all = role in row.get and any(row is ADDRESSES[address] for address in FORMS_FOR_ALL)
    if for_all and answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return True  # another user's object is no option of the form
    return answer.status_code in REFUSED


def _sends_to_login(answer: HttpResponse) -> bool:
    return answer.status_code == HTTPStatus.FOUND and answer["Location"].startswith("/account/login/?next=/")


def _typed(row: Address, world: World) -> set[str]:
    return {value.format_map(world.facts) for value in (*row.kwargs.values(), *row.data.values())}


def test_password_and_license_are_returned_only_to_their_owner(world: World) -> None:
    """Proves that the test above requests existing secrets."""
    assert world.ask(table.BUYER, "POST", "services/<int:pk>/password/").content.decode() == PASSWORD
    assert world.ask(table.BUYER, "POST", "services/<int:pk>/license/").content.decode() == LICENSE
    machine = "services/<int:pk>/licenses/<int:license_pk>/"
    assert world.ask(table.BUYER, "POST", machine).content.decode() == MACHINE_LICENSE
    assert world.ask(table.BUYER, "GET", f"{machine}file").content.decode() == MACHINE_LICENSE
    page = world.ask(table.BUYER, "GET", "orders/<str:number>/").content.decode()
    assert world.facts["order"] in page
