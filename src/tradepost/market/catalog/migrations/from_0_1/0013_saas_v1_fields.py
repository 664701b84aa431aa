"""What SaaS 1.0 sends besides: the buyer's user ID and user name, and quantities of disk and bandwidth (saas-v1-license A2.1)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0012_first_categories"),
    ]

    operations = [
        migrations.AddField(
            model_name="product",
            name="asks_user",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="sku",
            name="quantity_parameter",
            field=models.CharField(db_default="amount", default="amount", max_length=16),
        ),
    ]
