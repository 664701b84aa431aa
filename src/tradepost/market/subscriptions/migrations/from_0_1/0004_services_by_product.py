"""A buyer looks among the own services for a product."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_metered_offers"),
        ("identity", "0003_throttle"),
        ("subscriptions", "0003_instance_first"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["buyer", "product", "-id"], name="subscription_buyer_product"),
        ),
    ]
