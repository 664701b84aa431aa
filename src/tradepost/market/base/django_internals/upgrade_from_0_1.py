"""The upgrade path from 0.1.0 (decision 0115). It is removed in 0.3.0.

Since 0.2.0, a new market is created by the migrations ``*_release_0_2``, which have the whole schema. A database of an
earlier version goes through the migrations in ``migrations/from_0_1`` of each app instead, which end with the same
schema. Then their rows in ``django_migrations`` are replaced by those of ``*_release_0_2``, and later migrations are
the same for both.

Django loads migrations from the modules that ``MIGRATION_MODULES`` names.

Written against Django 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

FOLDER = "from_0_1"
RELEASE = "_release_0_2"


@cache
def earlier_names() -> frozenset[tuple[str, str]]:
    """Return the app and name of each migration of this path."""
    return frozenset((app.label, file.stem) for app in _our_apps() for file in _migrations(app, FOLDER))


def is_due() -> bool:
    """Return whether an earlier version created this database. One short query."""
    return not earlier_names().isdisjoint(MigrationRecorder(connection).applied_migrations())


@contextmanager
def followed() -> Iterator[None]:
    """Let Django load the migrations of this path instead of the current ones: none for apps that are newer than the
    path. ``migrate`` has one thread; a server must not call this."""
    previous = settings.MIGRATION_MODULES
    settings.MIGRATION_MODULES = {
        app.label: f"{app.name}.migrations.{FOLDER}" if any(_migrations(app, FOLDER)) else None for app in _our_apps()
    }
    try:
        yield
    finally:
        settings.MIGRATION_MODULES = previous


def record_release() -> None:
    """Record that the database has the schema of 0.2.0, once all migrations of this path are applied."""
    with transaction.atomic():
        recorder = MigrationRecorder(connection)
        for app, name in recorder.applied_migrations():
            if (app, name) in earlier_names():
                recorder.record_unapplied(app, name)
        for app_config in _our_apps():
            for file in _migrations(app_config, ""):
                if file.stem.endswith(RELEASE):
                    recorder.record_applied(app_config.label, file.stem)


def _our_apps() -> list[AppConfig]:
    return [app for app in apps.get_app_configs() if app.name.startswith("tradepost.")]


def _migrations(app: AppConfig, folder: str) -> Iterator[Path]:
    return (Path(app.path) / "migrations" / folder).glob("0*.py")
