"""A demand names the request that made it, so that a second click makes no second one; what waits for a seller is counted by an
index of its own."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("service_desk", "0001_demands_and_complaints")]

    operations = [
        migrations.AddField(
            model_name="demand",
            name="idempotency_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddConstraint(
            model_name="demand",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key", ""), _negated=True),
                fields=("idempotency_key",),
                name="demand_idempotency_key",
            ),
        ),
        migrations.AddIndex(
            model_name="customerdemand",
            index=models.Index(
                condition=models.Q(("status", "waiting")), fields=["seller"], name="customer_demand_waits"
            ),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("status__in", ["asked", "unanswered"])), fields=["seller"], name="complaint_to_reply"
            ),
        ),
    ]
