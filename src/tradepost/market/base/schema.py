"""Migration operations that several apps need and Django does not have."""

from __future__ import annotations

from collections.abc import Callable

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps


def without_own_index(table: str, column: str, *state: Operation) -> migrations.SeparateDatabaseAndState:
    """Drop the index that Django creates for a foreign key; ``state`` changes the model accordingly.

    The field is not altered in the database: SQLite would rebuild the table, without its triggers."""
    return migrations.SeparateDatabaseAndState(
        [migrations.RunPython(_drop_index(table, column), migrations.RunPython.noop)], list(state)
    )


def _drop_index(table: str, column: str) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    def drop(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        connection = schema_editor.connection
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, table)
        for name, constraint in constraints.items():
            if constraint["index"] and not constraint["unique"] and constraint["columns"] == [column]:
                schema_editor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")

    return drop
