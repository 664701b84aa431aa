"""Kept hours hold money beside the usage that it was charged for (decision 0097): workers sum all collections again."""

from datetime import timedelta

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

WAITING = 0
APART = timedelta(seconds=10)
"""The newest first, and not all at once: what is due is done in order, and buyers' renewals come between."""


def sum_again(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Records and charges are kept for ever, so that nothing is lost. Collections that are being charged come by themselves."""
    jobs = apps.get_model("base", "Job").objects
    tallied = apps.get_model("billing", "TalliedCollection").objects
    collections = list(tallied.order_by("-collection__closed_at").values_list("collection", "collection__closed_at"))
    apps.get_model("billing", "ProductHour").objects.all().delete()
    tallied.all().delete()
    jobs.bulk_create(
        (
            jobs.model(
                kind="billing.charge", key=f"{pk}/tally", due_at=collections[0][1] + n * APART, payload={"collection": pk, "after": None}, state=WAITING
            )
            for n, (pk, _closed_at) in enumerate(collections)
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("base", "0005_market_identity"),
        ("billing", "0007_waiting_by_parties"),
        ("metering", "0008_refused_ask_less"),
    ]
    operations = [migrations.RunPython(sum_again, migrations.RunPython.noop)]
