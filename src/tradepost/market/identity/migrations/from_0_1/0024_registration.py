"""Registration is open, by invitation or closed, and operators invite people to it."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

MODES = [("open", "Open to everyone"), ("invited", "By invitation"), ("closed", "Closed")]


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0023_privacy_policy"),
    ]

    operations = [
        migrations.AddField(
            model_name="marketopening",
            name="buyers",
            field=models.CharField(choices=MODES, db_default="open", default="open", max_length=8),
        ),
        migrations.AddField(
            model_name="marketopening",
            name="sellers",
            field=models.CharField(choices=MODES, db_default="open", default="open", max_length=8),
        ),
        migrations.CreateModel(
            name="MarketInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "side",
                    models.CharField(choices=[("buyer", "To open an account"), ("seller", "To sell")], max_length=8),
                ),
                ("email", models.EmailField(max_length=254)),
                ("language", models.CharField(max_length=10)),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("sent", "Sent"), ("accepted", "Accepted"), ("withdrawn", "Withdrawn")],
                        default="sent",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(default=None, null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        default=None,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("side"),
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("status", "sent")),
                        name="market_invitation_once",
                    )
                ],
            },
        ),
    ]
