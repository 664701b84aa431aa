"""Find the refused records of an instance: a search read all records that were refused for the seller."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("metering", "0008_refused_ask_less"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="refusedrecord",
            index=models.Index(fields=["seller", "instance_id", "-id"], name="refused_seller_instance"),
        ),
    ]
