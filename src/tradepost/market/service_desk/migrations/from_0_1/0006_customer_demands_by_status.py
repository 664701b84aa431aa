"""Find the demands of a seller in one state: the list read all demands of the seller."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("service_desk", "0005_handled_mails"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="customerdemand",
            index=models.Index(fields=["seller", "status", "-id"], name="customer_demand_status"),
        ),
    ]
