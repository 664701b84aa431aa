"""Find orders that could not be delivered. Indexes are made apart: PostgreSQL makes none in a transaction that wrote the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0027_delivery_days"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("undelivered_at__isnull", False)),
                fields=["undelivered_at"],
                name="order_undelivered_at",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("undelivered_at__isnull", False)), fields=["-id"], name="order_undelivered"
            ),
        ),
    ]
