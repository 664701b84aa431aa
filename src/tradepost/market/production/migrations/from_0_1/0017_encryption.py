"""The strength with which SaaS 1.0 encrypts private fields for a seller; AES-256 was used until now."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("production", "0016_access_calls"),
    ]

    operations = [
        migrations.AddField(
            model_name="address",
            name="encryption",
            field=models.CharField(
                choices=[("1", "AES-256"), ("2", "AES-128")], db_default="1", default="1", max_length=1
            ),
        ),
    ]
