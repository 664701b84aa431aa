"""A kept connection that the server ended is replaced before the next request uses it, without asking at each."""

from __future__ import annotations

import pytest
from django.db import connection, connections

from tests.market.working import until
from tradepost.market.base.models import Event
from tradepost.market.base.postgresql import base

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def health_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 600)
    connection.close()
    connection.ensure_connection()
    connection.health_check_enabled = True


def process() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
        return pid


def next_request() -> None:
    connection.close_if_unusable_or_obsolete()


def test_a_connection_that_the_server_cut_is_opened_anew() -> None:
    first = process()
    next_request()
    assert process() == first, "a sound one is kept"
    raw = connection.connection
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [first])
    until(lambda: not connection._is_quiet(), what="the server has said so")
    other.close()
    next_request()
    assert Event.objects.count() == 0, "nobody sees an error"
    assert connection.connection is not raw


def test_the_server_is_asked_only_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", lambda _self: asked.append(True) or True)
    with monkeypatch.context() as pause:
        pause.setattr(base, "FRESH", 0.0)
        assert connection.is_usable()
    assert asked == [True]
    assert connection.is_usable()
    assert asked == [True], "a moment later a quiet socket is enough"


def test_after_an_error_the_server_is_asked_whatever_the_socket_says(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", lambda _self: asked.append(True) or True)
    connection.is_usable()
    asked.clear()
    monkeypatch.setattr(connection, "errors_occurred", True)
    connection.is_usable()
    assert asked == [True]
