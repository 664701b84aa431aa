"""How often each product was bought on each day, for lists that are sorted by it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_shelf"),
        ("orders", "0010_quotes_limits_trials"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProductDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("lines", models.PositiveBigIntegerField()),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalog.product",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="product_day")],
                "constraints": [models.UniqueConstraint(fields=("product", "day"), name="product_day_once")],
            },
        ),
    ]
