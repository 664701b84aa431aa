"""Sellers of an earlier release were told of every freeze: where that was so, it stays so (business-rules §17.4)."""

from typing import Any

from django.db import migrations

ACTIVITIES = {
    "saas_v1": "instanceStatus",
    "saas_v2": "updateInstanceStatus",
    "license_online": "updateInstanceStatus",
    "license_code": "updateLicenseCodeStatus",
}


def what_was_asked_is_asked(apps: Any, _schema_editor: Any) -> None:
    """Until its seller saves cases at such an address nobody knows better."""
    Address = apps.get_model("production", "Address")
    for protocol, activity in ACTIVITIES.items():
        old = Address.objects.filter(protocol=protocol, domain__how="legacy", proven=[])
        old.update(proven=[activity])


class Migration(migrations.Migration):
    dependencies = [("production", "0008_probes")]

    operations = [migrations.RunPython(what_was_asked_is_asked, migrations.RunPython.noop, elidable=True)]
