"""What migrations of several apps do to a database and Django has no operation for."""

from __future__ import annotations

from collections.abc import Callable

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps


def without_own_index(table: str, column: str, *state: Operation) -> migrations.SeparateDatabaseAndState:
    """The index that a foreign key has of its own goes; ``state`` says so of the model. The field is not altered in the
    database: SQLite would make a new table for that, and without its triggers."""
    return migrations.SeparateDatabaseAndState(
        [migrations.RunPython(_drop_index(table, column), migrations.RunPython.noop)], list(state)
    )


def _drop_index(table: str, column: str) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    def drop(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        connection = schema_editor.connection
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, table)
        for name, about in found.items():
            if about["index"] and not about["unique"] and about["columns"] == [column]:
                schema_editor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")

    return drop
