"""Orders are found by the last six characters of their number; until now by the last seven."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0025_labels"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="order",
            name="order_tail",
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(django.db.models.functions.text.Substr("number", 14), name="order_ending"),
        ),
    ]
