"""Upgrade an empty market of 0.1.0, and list what it must have in common with a new market (decision 0115)."""

from __future__ import annotations

import json
import sys
from io import StringIO
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from tradepost.market.base import migration_state
from tradepost.market.base.django_internals import upgrade_from_0_1
from tradepost.market.base.schema_check import differences
from tradepost.market.base.schema_tables import tables

FIRST_ROWS = {
    "catalog.Category": ("slug", "name", "name_en"),
    "catalog.SynonymGroup": ("pk",),
    "catalog.Synonym": ("group_id", "word"),
    "identity.Agreement": ("kind", "number", "text", "text_en"),
}
TRIGGERS = {
    "postgresql": "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) || (SELECT prosrc FROM pg_proc WHERE pg_proc.oid = tgfoid)"
    " FROM pg_trigger WHERE NOT tgisinternal",
    "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
}


def print_upgraded() -> None:
    """In a process with an empty database: begin as 0.1.0 did, upgrade with the command, and print the result."""
    with upgrade_from_0_1.followed():
        MigrationExecutor(connection).migrate([("base", "0001_initial")])
    pending = migration_state.pending_migrations()
    call_command("migrate", interactive=False, stdout=StringIO())
    result = {"pending": pending, "left": migration_state.pending_migrations(), "differences": differences()}
    json.dump(result | facts(), sys.stdout)


def facts() -> dict[str, Any]:
    """Return everything that both paths must agree on. Keys and checks have no names: a renamed table keeps them."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS[connection.vendor])
        triggers = sorted(list(row) for row in cursor.fetchall())
    return {
        "tables": {
            name: {
                "columns": {column: [c.may_be_empty, c.fills_itself] for column, c in sorted(table.columns.items())},
                "keys": sorted(repr((k.unique, k.columns, k.partial)) for k in table.keys.values()),
                "checks": len(table.checks),
            }
            for name, table in sorted(tables().items())
        },
        "triggers": triggers,
        "rows": {
            label: sorted(list(map(str, row)) for row in apps.get_model(label).objects.values_list(*fields))
            for label, fields in FIRST_ROWS.items()
        },
        "migrations": sorted(map(list, MigrationRecorder(connection).applied_migrations())),
    }
