"""Refused records no longer make PostgreSQL look up their push, seller and service one by one, as records do not (0006).

SQLite keeps the constraints: to drop one there means to write the whole table anew, and they cost it little.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    refused = apps.get_model("metering", "RefusedRecord")
    for column in ("push_id", "seller_id", "subscription_id"):
        for name in schema_editor._constraint_names(refused, [column], foreign_key=True):  # noqa: SLF001
            schema_editor.execute(schema_editor._delete_fk_sql(refused, name))  # noqa: SLF001


class Migration(migrations.Migration):
    dependencies = [
        ("metering", "0007_voids_once"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(drop, migrations.RunPython.noop)],
            state_operations=[
                migrations.AlterField(
                    model_name="refusedrecord",
                    name="push",
                    field=models.ForeignKey(
                        db_constraint=False, on_delete=django.db.models.deletion.CASCADE,
                        related_name="refused_records", to="metering.push",
                    ),
                ),
                migrations.AlterField(
                    model_name="refusedrecord",
                    name="seller",
                    field=models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT,
                        related_name="refused_usage", to="identity.seller",
                    ),
                ),
                migrations.AlterField(
                    model_name="refusedrecord",
                    name="subscription",
                    field=models.ForeignKey(
                        db_constraint=False, db_index=False, default=None, null=True,
                        on_delete=django.db.models.deletion.PROTECT, related_name="refused_usage",
                        to="subscriptions.subscription",
                    ),
                ),
            ],
        ),
    ]
