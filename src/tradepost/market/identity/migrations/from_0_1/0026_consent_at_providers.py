"""Some providers give a refresh token only to somebody who was asked for consent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0025_search_by_beginnings"),
    ]

    operations = [
        migrations.AddField(
            model_name="signinprovider",
            name="asks_consent",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
