"""Find the newest services of a product in each state: a search by its name read all services of the buyer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0014_services_of_a_buyer_by_status"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="subscription", name="subscription_buyer_product"),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["buyer", "product", "status", "-id"], name="subscription_buyer_kind_status"),
        ),
    ]
