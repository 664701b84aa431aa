"""Totals by day keep their own mark of the entry up to which they reach; they are summed again, so that none is missing."""

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

DAY = {
    "postgresql": "(e.at AT TIME ZONE %s)::date",
    "sqlite": "django_datetime_cast_date(e.at, %s, 'UTC')",
}
FILL = """
INSERT INTO payments_daytotal (day, kind, currency, transfers, minor, summed_through)
SELECT {day}, e.statement_kind, a.currency, COUNT(*), SUM(e.amount_minor), (SELECT MAX(id) FROM payments_entry)
FROM payments_entry e JOIN payments_account a ON a.id = e.account_id
WHERE e.statement_kind <> '' GROUP BY 1, 2, 3
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # entries get their keys before they are committed
            cursor.execute("LOCK TABLE payments_entry IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM payments_daytotal")
        cursor.execute(FILL.format(day=DAY[connection.vendor]), [settings.TIME_ZONE])


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0009_day_totals"),
    ]

    operations = [
        migrations.AddField(
            model_name="daytotal",
            name="summed_through",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
