"""A kept connection that the server ended is replaced before the next request uses it, without asking at each."""

from __future__ import annotations

from typing import cast

import pytest
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper as Djangos

from tests.waiting import until
from tradepost.market.base.models import Event
from tradepost.market.base.postgresql import base
from tradepost.market.base.postgresql.base import DatabaseWrapper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> DatabaseWrapper:
    """A connection as a web process keeps it between requests."""
    wrapper = cast("DatabaseWrapper", connections["default"])
    monkeypatch.setitem(wrapper.settings_dict, "CONN_MAX_AGE", 600)
    wrapper.close()
    wrapper.ensure_connection()
    monkeypatch.setattr(wrapper, "health_check_enabled", True)
    return wrapper


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes each time that Django's own check asks the server."""
    found: list[str] = []
    ask = Djangos.is_usable

    def noted(self: Djangos) -> bool:
        found.append("asked")
        return bool(ask(self))

    monkeypatch.setattr(Djangos, "is_usable", noted)
    return found


def process() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
        return pid


def test_a_connection_that_the_server_cut_is_opened_anew(kept: DatabaseWrapper) -> None:
    first = process()
    kept.close_if_unusable_or_obsolete()  # what Django does between two requests
    assert process() == first, "a sound one is kept"
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [first])
    other.close()
    until(lambda: not kept.is_quiet(), what="the server has said so")
    kept.close_if_unusable_or_obsolete()
    assert Event.objects.count() == 0, "nobody sees an error"
    assert process() != first


def test_the_server_is_asked_only_after_a_pause(
    kept: DatabaseWrapper, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as pause:
        pause.setattr(base, "FRESH", 0.0)
        assert kept.is_usable()
    assert len(asked) == 1
    assert kept.is_usable()
    assert len(asked) == 1, "a moment later a quiet socket is enough"


def test_after_an_error_the_server_is_asked_whatever_the_socket_says(kept: DatabaseWrapper, asked: list[str]) -> None:
    kept.is_usable()
    asked.clear()
    kept.errors_occurred = True
    assert kept.is_usable()
    assert len(asked) == 1
    kept.errors_occurred = False
