"""Probes: alive without a database, ready only with a migrated one."""

from __future__ import annotations

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tradepost import __version__
from tradepost.market.base import clock
from tradepost.market.base.models import WorkerProcess
from tradepost.market.web import health


@pytest.fixture(autouse=True)
def _not_looked_yet(monkeypatch):
    monkeypatch.setattr(health, "_applied_once", False)


def test_liveness_uses_no_database_and_answers_any_host(client):
    # Without the mark django_db, pytest-django refuses every query.
    response = client.get("/healthz", headers={"host": "10.0.0.7:8000"})
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "version": __version__}
    assert response["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response


@pytest.mark.django_db
def test_readiness_reports_workers_but_requires_none(client):
    assert client.get("/readyz").json() == {"ready": True, "reasons": [], "workers": 0, "version": __version__}
    for name, ago in (("alive", 14), ("dead", 16)):
        WorkerProcess.objects.create(name=name, started_at=clock.wall(), seen_at=clock.wall() - timedelta(seconds=ago))
    response = client.get("/readyz", headers={"host": "10.0.0.7:8000"})
    assert (response.status_code, response.json()["workers"]) == (200, 1)


@pytest.mark.django_db
def test_not_ready_with_a_missing_migration(client):
    newest = MigrationLoader(connection).graph.leaf_nodes("notifications")[0]
    MigrationRecorder(connection).record_unapplied(*newest)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "reasons": ["1 migrations are not applied: run tradepost migrate"],
        "workers": None,
        "version": __version__,
    }
    MigrationRecorder(connection).record_applied(*newest)
    assert client.get("/readyz").status_code == 200, "it looks again until all are there"


@pytest.mark.django_db
def test_not_ready_without_a_database_and_its_error_text_is_not_shown(client):
    def away(*_args):
        raise OperationalError("connection to server at 10.1.2.3 failed for user tradepost")

    with connection.execute_wrapper(away):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["reasons"] == ["the database cannot be reached"]
    assert b"10.1.2.3" not in response.content


@pytest.mark.django_db
@pytest.mark.sqlite  # the test machine's disk does not matter
def test_not_ready_with_a_full_disk_of_the_embedded_database(client, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1_000_000))
    response = client.get("/readyz")
    assert (response.status_code, response.json()["reasons"]) == (503, ["the disk is full"])
