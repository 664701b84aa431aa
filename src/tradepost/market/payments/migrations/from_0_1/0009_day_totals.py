"""Totals of payments and refunds by day, filled up to the entry to which the other sums are kept."""

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

DAY = {
    "postgresql": "(e.at AT TIME ZONE %s)::date",
    "sqlite": "django_datetime_cast_date(e.at, %s, 'UTC')",
}
FILL = """
INSERT INTO payments_daytotal (day, kind, currency, transfers, minor)
SELECT {day}, e.statement_kind, a.currency, COUNT(*), SUM(e.amount_minor)
FROM payments_entry e JOIN payments_account a ON a.id = e.account_id
WHERE e.id <= (SELECT COALESCE(MAX(summed_through), 0) FROM payments_kindtotal) AND e.statement_kind <> ''
GROUP BY 1, 2, 3
"""


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(day=DAY[connection.vendor]), [settings.TIME_ZONE])


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0008_settled'),
    ]

    operations = [
        migrations.CreateModel(
            name='DayTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('kind', models.CharField(choices=[('top_up', 'Top-up'), ('payment', 'Payment'), ('refund', 'Refund'), ('earned', 'Delivered to the buyer'), ('taken_back', 'Taken back for a refund'), ('assigned', 'Assigned to its buyer'), ('sent_back', 'Sent back to who paid it'), ('charged', 'Usage'), ('collected', 'Payment for usage'), ('credited', 'Credit for usage'), ('settled', 'Statement agreed to'), ('paid_out', 'Paid out to the seller')], max_length=16)),
                ('currency', models.CharField(max_length=3)),
                ('transfers', models.BigIntegerField()),
                ('minor', models.BigIntegerField()),
            ],
        ),
        migrations.AddConstraint(
            model_name='daytotal',
            constraint=models.UniqueConstraint(fields=('day', 'kind', 'currency'), name='day_total_once'),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
