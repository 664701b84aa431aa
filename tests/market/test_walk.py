"""A walk from the home page of each site, as each role: no page without a link, no form without a usable CSRF token.

Only links, GET forms and parts that htmx loads are followed. Then each form is sent as its page filled it in, with CSRF checked.
"""

from __future__ import annotations

import pytest

from tests.market import every_address as table
from tests.market.every_address import ADDRESSES, STRANGER
from tests.market.larger_world import LargerWorld
from tests.market.site_walk import OF_VISITS, ROLES, Walk
from tests.market.site_walk import world as world  # noqa: PLC0414  # a fixture
from tests.market.unlinked import FOR_OTHERS, IN_OTHER_STATES, WITHOUT_LINK
from tests.market.walking import template_files
from tests.market.who_may import MEMBER

pytestmark = [pytest.mark.django_db]


@pytest.fixture(scope="module")
def walks() -> dict[str, Walk]:
    return {}


def walk_of(world: LargerWorld, walks: dict[str, Walk], role: str) -> Walk:
    if role not in walks:
        walks[role] = Walk(world, role)
        walks[role].go()
    return walks[role]


IN_GATE = (table.BUYER,)
"""The other roles take 30 seconds each; a soak walks as all of them."""
AS_EACH = pytest.mark.parametrize(
    "role", [role if role in IN_GATE else pytest.param(role, marks=pytest.mark.slow) for role in ROLES]
)


@AS_EACH
def test_every_page_has_a_link(world: LargerWorld, walks: dict[str, Walk], role: str) -> None:
    walk = walk_of(world, walks, role)
    readers = role if role != MEMBER else STRANGER
    expected = {
        pattern
        for pattern, row in ADDRESSES.items()
        if readers in row.get and not row.gateway and walk.site(world.path(pattern, row))
    }
    print(f"{role}: {walk.pages} pages, {len(walk.reached)} of {len(expected)} addresses, {len(walk.forms)} forms")  # noqa: T201  # the numbers
    others = {pattern for pattern, roles in FOR_OTHERS.items() if role in roles}
    of_visits = frozenset[str]().union(*OF_VISITS.values())
    unreached = expected - walk.reached - set(WITHOUT_LINK) - set(IN_OTHER_STATES) - others - of_visits
    assert not unreached, "\n".join(["", *sorted(unreached)])
    assert not walk.dead, "\n".join(["", *walk.dead])


@AS_EACH
def test_no_page_names_the_software(world: LargerWorld, walks: dict[str, Walk], role: str) -> None:
    """Issue 28, must show 5: "Rename the market: a crawl of all pages … finds neither old name." The market of the walk
    has its own name and does not show which software it runs.
    """
    named = walk_of(world, walks, role).named
    assert not named, "\n".join(["", *named])


@pytest.mark.parametrize("visitor", OF_VISITS)
def test_pages_of_a_special_reader_have_a_link(world: LargerWorld, walks: dict[str, Walk], visitor: str) -> None:
    """issue 25, 14: no page without a link."""
    walk = walk_of(world, walks, visitor)
    assert not OF_VISITS[visitor] - walk.reached
    assert not walk.dead, "\n".join(["", *walk.dead])


def test_pages_of_other_states_are_linked_by_a_template() -> None:
    """A link of the page to itself, or to a list of its own parts, does not count."""
    sources = {name: path.read_text() for name, path in template_files()}
    for pattern, (name, state) in IN_OTHER_STATES.items():
        assert pattern in ADDRESSES
        linked = [template for template, text in sources.items() if f'"{name}"' in text]
        assert linked, f"{pattern}: nothing links to {name} in the state: {state}"


@pytest.mark.slow
@pytest.mark.parametrize("role", [*ROLES, *OF_VISITS])
def test_every_form_is_sent_with_its_token(world: LargerWorld, walks: dict[str, Walk], role: str) -> None:
    walk = walk_of(world, walks, role)
    assert walk.forms
    wrong = []
    for (source, route), (target, form) in walk.forms.items():
        answer = walk.send(target, form)
        if answer.content.startswith(b"CSRF:") or answer.status_code in {404, 405} or answer.status_code >= 500:
            wrong.append(f"{source} → {route}: {answer.status_code} {answer.content[:60]!r}")
    assert not wrong, "\n".join(["", *wrong])
