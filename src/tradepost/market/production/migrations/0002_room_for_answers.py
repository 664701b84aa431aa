"""Leave room on the pages of attempts: an answer is then written beside its request, and no index has to be told.

An attempt is written small when it starts and grows about sixfold when it ends. PostgreSQL keeps such an update on the
same page, without touching the indexes, when there is room.
"""

from collections.abc import Callable

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def fill(percent: int) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    def change(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE production_attempt SET (fillfactor = {percent})")

    return change


class Migration(migrations.Migration):
    dependencies = [("production", "0001_initial")]
    operations = [migrations.RunPython(fill(20), fill(100))]
