"""Find the credits of a buyer and seller, or of a seller, that wait for the return of an invoice."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0006_usage_months"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(
                condition=models.Q(("waiting_minor__gt", 0)),
                fields=["seller", "buyer", "id"],
                name="charge_waiting_parties",
            ),
        ),
    ]
