"""Keep what open items of each seller add up to: pages of statements read all of them."""

import django.db.models.deletion
from django.db import migrations, models


SUM_UP = """
INSERT INTO settlement_opensum (seller_id, currency, earned_minor, refunded_minor, items)
SELECT seller_id, currency, SUM(CASE WHEN minor > 0 THEN minor ELSE 0 END), SUM(CASE WHEN minor < 0 THEN minor ELSE 0 END), COUNT(*)
FROM settlement_settlementitem WHERE statement_id IS NULL GROUP BY seller_id, currency
"""


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0017_joined"),
        ("settlement", "0003_repayments"),
    ]

    operations = [
        migrations.CreateModel(
            name="OpenSum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3)),
                ("earned_minor", models.BigIntegerField()),
                ("refunded_minor", models.BigIntegerField()),
                ("items", models.BigIntegerField()),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.seller",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("seller", "currency"), name="open_sum_once")],
            },
        ),
        migrations.RunSQL(SUM_UP, migrations.RunSQL.noop),
    ]
