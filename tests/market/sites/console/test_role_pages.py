"""Issue 27, must show 2: "each page is reached by links, each form is sent …, no 403, 404 or 5xx". Tested for each
operator role, and for an operator with own objects: no link leads to a refusal, and no form is refused because of the
operator's role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, override
from urllib.parse import urljoin

import pytest
from django.conf import settings

from tests.market import every_address as table
from tests.market.larger_world import LargerWorld
from tests.market.site_walk import Walk
from tests.market.walking import Form
from tests.market.world import shared_world
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_roles import Role

pytestmark = pytest.mark.django_db
LIMITED = [role.value for role in Role if role is not Role.OWNER]
OF_WHO_THEY_ARE = (b"Another operator has to handle it.", b"Only an owner can change", b"Your role, ")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[LargerWorld]:
    del django_db_setup
    with shared_world(django_db_blocker, LargerWorld) as larger_world:
        assert isinstance(larger_world, LargerWorld)
        yield larger_world


class ConsoleWalk(Walk):
    """For every operator, with any other roles."""

    def __init__(self, world: LargerWorld, person: str, role: str) -> None:
        super().__init__(world, table.OPERATOR)
        self.offered: dict[str, tuple[str, Form]] = {}
        """Forms by the address to which they are submitted, with the page that shows each."""
        self.client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[person]
        User.objects.filter(pk=world.users[person].pk).update(operator_role=role)

    @override
    def _form(self, address: str, form: Form) -> Iterator[str]:
        """The form of each object is kept, because the refusal depends on its owner."""
        yield from super()._form(address, form)
        if form.method != "get" and not form.off:
            for action in form.actions:
                target = urljoin(address, action)
                self.offered.setdefault(target, (address, form))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("person", "role"),
    [
        *((table.OPERATOR, role) for role in LIMITED),
        (table.BUYER, "owner"),
        (table.OWNER, "owner"),
        (table.BUYER, "finance"),
        (table.OWNER, "support"),
    ],
)
def test_no_link_or_form_of_a_page_is_refused_because_of_the_operators_role(
    world: LargerWorld, person: str, role: str
) -> None:
    walk = ConsoleWalk(world, person, role)
    walk.go()
    print(f"{person} as {role}: {walk.pages} pages, {len(walk.offered)} forms")  # noqa: T201  # the numbers
    assert not walk.dead, "\n".join(["", *walk.dead])
    wrong = []
    for target, (page, form) in walk.offered.items():
        answer = walk.send(target, form)
        if answer.status_code in {403, 404, 405} or answer.status_code >= 500:
            wrong.append(f"{page} → {target}: {answer.status_code} {reason(answer.content)}")
    assert not wrong, "\n".join(["", *wrong])


def reason(content: bytes) -> str:
    return next((words.decode() for words in OF_WHO_THEY_ARE if words in content), "")
