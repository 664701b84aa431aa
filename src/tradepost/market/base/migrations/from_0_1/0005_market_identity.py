"""The database remembers which market it holds: its mode and its id. The row is written at the first start."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("base", "0004_lists_of_leased_jobs")]

    operations = [
        migrations.CreateModel(
            name="MarketIdentity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("market_id", models.CharField(max_length=32)),
                (
                    "mode",
                    models.CharField(choices=[("sandbox", "sandbox"), ("production", "production")], max_length=16),
                ),
                ("created_at", models.DateTimeField()),
                ("key_checks", models.JSONField(default=list)),
                ("files_token", models.CharField(blank=True, default="", max_length=32)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="market_identity_one_row")],
            },
        ),
    ]
