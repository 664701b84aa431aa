"""The time of a trial is of its own kind from its opening on; what was opened before becomes so."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def trials(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    offers = apps.get_model("catalog", "Offer").objects.filter(trial=True).values_list("pk", flat=True)
    apps.get_model("subscriptions", "Period").objects.filter(offer__in=list(offers)).update(kind="trial")


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0007_attributes_of_sellers"),
        ('subscriptions', '0007_lists_of_services'),
    ]

    operations = [migrations.RunPython(trials, migrations.RunPython.noop, elidable=True)]
