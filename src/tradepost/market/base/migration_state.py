"""Compare the migrations of this version with those applied to the database."""

from __future__ import annotations

from functools import cache

from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from .django_internals import upgrade_from_0_1


def pending_migrations() -> list[str]:
    """Return the migrations of this version that are not applied. On a database of 0.1.0 they begin with those of its
    upgrade path."""
    plan = _plan()
    if not upgrade_from_0_1.is_due():
        return plan
    earlier = upgrade_from_0_1.earlier_names() - MigrationRecorder(connection).applied_migrations().keys()
    later = [name for name in plan if not name.endswith(upgrade_from_0_1.RELEASE)]
    return [*(f"{app}.{name}" for app, name in sorted(earlier)), *later]


def _plan() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def unknown_migrations() -> list[str]:
    """Return the market's applied migrations that this version does not have: a later version migrated the
    database."""
    market_apps = {app.label for app in apps.get_app_configs() if app.name.startswith("tradepost.")}
    applied_migrations = MigrationRecorder(connection).applied_migrations()
    known_migrations = _own_migrations() | upgrade_from_0_1.earlier_names()
    return sorted(
        f"{app}.{name}"
        for app, name in applied_migrations
        if app in market_apps and (app, name) not in known_migrations
    )


@cache
def _own_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or ())
