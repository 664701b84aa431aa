"""A kept connection that the server closed is replaced before the next request, without a query for each request."""

from __future__ import annotations

from typing import cast

import pytest
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper as Djangos

from tests.waiting import until
from tradepost.market.base.django_internals.postgresql import base
from tradepost.market.base.django_internals.postgresql.base import DatabaseWrapper
from tradepost.market.base.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def kept_connection(monkeypatch: pytest.MonkeyPatch) -> DatabaseWrapper:
    """A connection as a web process keeps it between requests."""
    wrapper = cast("DatabaseWrapper", connections["default"])
    monkeypatch.setitem(wrapper.settings_dict, "CONN_MAX_AGE", 600)
    wrapper.close()
    wrapper.ensure_connection()
    monkeypatch.setattr(wrapper, "health_check_enabled", True)
    return wrapper


@pytest.fixture
def connection_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Records each query of Django's own connection check."""
    checks: list[str] = []
    ask = Djangos.is_usable

    def noted(self: Djangos) -> bool:
        checks.append("asked")
        return bool(ask(self))

    monkeypatch.setattr(Djangos, "is_usable", noted)
    return checks


def backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
        return pid


def test_closed_connection_is_replaced(kept_connection: DatabaseWrapper) -> None:
    first = backend_pid()
    kept_connection.close_if_unusable_or_obsolete()  # as Django does between two requests
    assert backend_pid() == first, "a working connection is kept"
    other_connection = connections.create_connection("default")
    with other_connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [first])
    other_connection.close()
    until(lambda: not kept_connection.is_quiet(), what="the server has said so")
    kept_connection.close_if_unusable_or_obsolete()
    assert Event.objects.count() == 0, "no error is visible"
    assert backend_pid() != first


def test_server_is_queried_only_after_a_pause(
    kept_connection: DatabaseWrapper, connection_checks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as pause:
        pause.setattr(base, "FRESH_SECONDS", 0.0)
        assert kept_connection.is_usable()
    assert len(connection_checks) == 1
    assert kept_connection.is_usable()
    assert len(connection_checks) == 1, "a moment later the socket check is enough"


def test_after_an_error_the_server_is_always_queried(
    kept_connection: DatabaseWrapper, connection_checks: list[str]
) -> None:
    kept_connection.is_usable()
    connection_checks.clear()
    kept_connection.errors_occurred = True
    assert kept_connection.is_usable()
    assert len(connection_checks) == 1
    kept_connection.errors_occurred = False
