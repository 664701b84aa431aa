"""Operators find accounts by the beginning of a name, a company or a phone number."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0024_registration"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=[column], name=f"user_{column}_begins", opclasses=["varchar_pattern_ops"]),
        )
        for column in ("name", "company", "phone")
    ]
