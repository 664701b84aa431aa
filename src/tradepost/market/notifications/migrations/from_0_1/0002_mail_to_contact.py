import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="mail",
            name="notice",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="mails", to="notifications.notice"
            ),
        ),
        migrations.AddField(
            model_name="mail",
            name="to_contact",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
