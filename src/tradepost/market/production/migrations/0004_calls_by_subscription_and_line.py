"""Calls about a service and about an order's line are found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("production", "0003_failing_and_given_up")]
    operations = [
        migrations.AddIndex("call", models.Index(fields=["order_line_number"], name="call_order_line")),
        migrations.AddIndex("call", models.Index(fields=["subscription", "-id"], name="call_subscription")),
    ]
