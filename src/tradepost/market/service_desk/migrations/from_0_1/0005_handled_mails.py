"""Operators enter mails that became no demand, or set them aside."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("service_desk", "0004_received_mails"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="receivedmail", name="received_mail_problem"),
        migrations.AddField(
            model_name="receivedmail",
            name="handled_at",
            field=models.DateTimeField(default=None, null=True),
        ),
        migrations.AddIndex(
            model_name="receivedmail",
            index=models.Index(
                condition=models.Q(models.Q(("problem", ""), _negated=True), ("handled_at", None)),
                fields=["-id"],
                name="received_mail_waits",
            ),
        ),
    ]
