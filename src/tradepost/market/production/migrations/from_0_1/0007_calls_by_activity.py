"""A seller narrows its interface messages to one activity."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_metered_offers"),
        ("identity", "0003_throttle"),
        ("production", "0006_addresses_on_domains"),
        ("subscriptions", "0003_instance_first"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                condition=models.Q(("activity__in", ("newInstance", "queryInstance")), _negated=True),
                fields=["seller", "activity", "-id"],
                name="call_seller_activity",
            ),
        ),
    ]
