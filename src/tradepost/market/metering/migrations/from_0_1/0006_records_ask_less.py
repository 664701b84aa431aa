"""Records no longer make PostgreSQL look up their push and seller one by one (decision 0064).

SQLite keeps both constraints: to drop one there means to write the whole table anew, and they cost it little.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    record = apps.get_model("metering", "Record")
    for column in ("push_id", "seller_id"):
        for name in schema_editor._constraint_names(record, [column], foreign_key=True):  # noqa: SLF001
            schema_editor.execute(schema_editor._delete_fk_sql(record, name))  # noqa: SLF001


class Migration(migrations.Migration):
    dependencies = [
        ("metering", "0005_measured_by_the_market"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(drop, migrations.RunPython.noop)],
            state_operations=[
                migrations.AlterField(
                    model_name="record",
                    name="push",
                    field=models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT,
                        related_name="records", to="metering.push",
                    ),
                ),
                migrations.AlterField(
                    model_name="record",
                    name="seller",
                    field=models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage_records", to="identity.seller",
                    ),
                ),
            ],
        ),
    ]
