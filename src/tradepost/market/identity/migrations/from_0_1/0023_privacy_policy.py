"""The privacy policy is an agreement, and people consent to its versions."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

from tradepost.market.identity.first_agreements import draft_privacy

KINDS = [
    ("seller", "Seller cooperation agreement"),
    ("publish", "Product service agreement"),
    ("buyer", "Buyer agreement"),
    ("privacy", "Privacy policy"),
]


def draft(apps: object, schema_editor: object) -> None:
    """A new market has the policy from migration 0005."""
    models = {name: apps.get_model("identity", name).objects for name in ("Agreement", "AgreementDraft")}  # type: ignore[attr-defined]
    draft_privacy(models["Agreement"], models["AgreementDraft"], now=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0022_market_opening"),
    ]

    operations = [
        migrations.AlterField(
            model_name="agreement",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=16),
        ),
        migrations.AlterField(
            model_name="agreementdraft",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=16, unique=True),
        ),
        migrations.CreateModel(
            name="PolicyConsent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="consents", to="identity.agreement"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "agreement"), name="policy_consent_once")],
            },
        ),
        migrations.RunPython(draft, migrations.RunPython.noop),
    ]
