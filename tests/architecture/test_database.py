"""The environment of tests: databases that behave as a market's and are empty for each test, and no connection to
another machine.
"""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import Error, connection

from tests import postgres


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_transactional_test_leaves_no_rows_even_in_an_append_only_table(turn: int) -> None:
    from tradepost.market.payments.models import Transfer

    assert Transfer.objects.count() == 0
    transfer = Transfer.objects.create(
        reason="top_up", reference="once", actor="test", at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    with pytest.raises(Error, match="append-only"):
        transfer.delete()
    assert Transfer.objects.count() == 1


@pytest.mark.django_db
def test_data_and_database_belong_to_this_run() -> None:
    from django.conf import settings

    assert "tradepost-test-" in os.environ["TRADEPOST_DATA"]
    if connection.vendor == "sqlite":
        assert Path(str(settings.DATABASES["default"]["NAME"])).parent == Path(os.environ["TRADEPOST_DATA"])
    else:
        assert connection.settings_dict["HOST"] == "127.0.0.1"
        assert connection.settings_dict["USER"] == postgres.USER


@pytest.mark.postgres
def test_process_gets_its_own_database() -> None:
    for _ in range(2):
        with psycopg.connect(postgres.new_database("own")) as own:
            assert own.execute("SELECT to_regclass('mine')").fetchone() == (None,)
            own.execute("CREATE TABLE mine ()")


@pytest.mark.parametrize(("host", "reason"), [("192.0.2.1", "this machine only"), ("example.com", "local names only")])
def test_other_machines_cannot_be_reached(host: str, reason: str) -> None:
    with pytest.raises(OSError, match=reason):
        socket.create_connection((host, 80), timeout=1)
