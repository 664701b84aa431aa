"""A refused form is shown again with its input (issue 26): each place that catches refusals, by its real form.

``test_refusals`` checks the words of the refusal; this file checks the texts that the reader would have to type again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache as counts
from django.db import transaction
from django.test import Client

from tests.market.every_address import STRANGER
from tests.market.refusers import (
    ABSENT,
    GROUPS,
    LANGUAGES,
    ROWS,
    Refuser,
    admit_members,
    filled_in,
    of_group,
    requests_of,
)
from tests.market.refusing import catches
from tests.market.typed_fields import TypedForms
from tests.market.who_may import MEMBER
from tests.market.world import World, shared_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LOST: Mapping[str, str] = {}
"""Places that show the form without a text, and why."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    del django_db_setup
    with shared_world(django_db_blocker) as small_world:
        admit_members(small_world)
        yield small_world


def _lost(world: World, refuser: Refuser, request: tuple[str, str, str, Mapping[str, Any]]) -> list[str]:
    """Return the names of the fields whose input is missing in the response; empty if nothing was refused."""
    role, _method, pattern, data = request
    client = Client(headers={"accept-language": LANGUAGES["en"]})
    if role == MEMBER:
        client.cookies.load(world.sessions[role])
    elif role != STRANGER:
        client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role]
    path, form = world.path(pattern, ROWS[pattern]), {name: filled_in(value, world) for name, value in data.items()}
    counts.clear()
    refuser.raised, refuser.armed = None, True
    with transaction.atomic():
        answer: Any = client.post(path, form)
        refuser.armed = False
        if refuser.raised and answer.status_code == 302:
            answer = client.get(answer["Location"], follow=True)
        transaction.set_rollback(True)
    if refuser.raised is None or not answer["Content-Type"].startswith("text/html"):
        return []
    shown = TypedForms(answer.content.decode(), path)
    texts = {name: shown.texts_of(name) for name, value in form.items() if isinstance(value, str) and value}
    return [name for name, text in texts.items() if text and form[name].strip() not in text]


@pytest.mark.parametrize("group", GROUPS, ids=("seller_center", "console", "storefront"))
def test_refused_form_keeps_its_input(world: World, group: str) -> None:
    refuser = Refuser({catch: [ABSENT] for catch in catches() if of_group(catch, group)})
    wrong = []
    with refuser.watching():
        for request in requests_of(group):
            if request[1] != "POST":
                continue
            while True:
                lost = _lost(world, refuser, request)
                if refuser.raised is None:
                    break
                place = str(refuser.raised[0])
                if lost and place not in LOST:
                    wrong.append(f"POST /{request[2]} as {request[0]}: {place} loses {lost}")
    assert not wrong, "\n".join(["", *wrong])
