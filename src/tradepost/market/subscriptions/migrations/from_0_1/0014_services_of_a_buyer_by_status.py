"""Find the services of a buyer in one state: the list read all services of the buyer or of the state."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0013_labels"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["buyer", "status", "-id"], name="subscription_buyer_status"),
        ),
    ]
