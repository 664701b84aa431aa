"""What the fee of a change in use was computed from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0012_origin_timer"),
    ]

    operations = [
        migrations.AddField(
            model_name="orderline",
            name="change_terms",
            field=models.JSONField(default=None, null=True),
        ),
    ]
