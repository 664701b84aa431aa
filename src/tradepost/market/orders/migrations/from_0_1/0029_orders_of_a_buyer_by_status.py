"""Find the orders of a buyer in one state: the list read all orders of the buyer or of the state."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0028_undelivered_orders"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["buyer", "status", "-id"], name="order_buyer_status"),
        ),
    ]
