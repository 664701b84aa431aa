"""In PostgreSQL a record is taken back once by an index of those that take one back, instead of by one of all records.

A unique index holds a NULL of every other record, all of which are inserted at one place of it, where the processes that write
records wait for each other. SQLite has one writer, and would have to write the whole table anew (as in 0006).
"""

from typing import Any

from django.db import migrations

INDEX = "record_voids_once"


def replace(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    record = apps.get_model("metering", "Record")
    table, column = map(schema_editor.quote_name, (record._meta.db_table, "voids_id"))  # noqa: SLF001
    schema_editor.execute(f"CREATE UNIQUE INDEX {INDEX} ON {table} ({column}) WHERE {column} IS NOT NULL")
    for name in schema_editor._constraint_names(record, ["voids_id"], unique=True, exclude={INDEX}):  # noqa: SLF001
        schema_editor.execute(schema_editor._delete_unique_sql(record, name))  # noqa: SLF001


class Migration(migrations.Migration):
    dependencies = [
        ("metering", "0006_records_ask_less"),
    ]

    # To Django it stays unique, which it is: the database holds it by another index.
    operations = [migrations.RunPython(replace, migrations.RunPython.noop)]
