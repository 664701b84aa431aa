"""PostgreSQL leaves room on each page of calls, so that a call which is claimed, and one that is answered, stays where it is (0078).

Pages that are full already stay as they are: nothing is written anew, and nobody waits.
"""

from typing import Any

from django.db import migrations


def leave_room(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE production_call SET (fillfactor = 60)")


def fill(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE production_call RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [
        ("production", "0013_calls_of_no_order"),
    ]

    operations = [
        migrations.RunPython(leave_room, fill),
    ]
