"""Find the calls of an address: a seller's list read all calls of the seller."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("production", "0017_encryption"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["address", "-id"], name="call_address"),
        ),
    ]
