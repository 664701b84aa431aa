"""Messages of authSync kept names, numbers and addresses of people; from now on they are hidden as they are stored. Those that stand
are emptied as old ones are, since what was cut cannot be hidden in part."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

EMPTIED = "\x1a"


def empty(apps: StateApps, _schema: BaseDatabaseSchemaEditor) -> None:
    calls = apps.get_model("production", "Call").objects.filter(purpose="sync", kind="SyncAuth")
    sent = apps.get_model("production", "Attempt").objects.filter(call__in=calls).exclude(request_body="")
    sent.update(request_body=EMPTIED, response_body=EMPTIED)


class Migration(migrations.Migration):

    dependencies = [
        ('production', '0011_sync'),
    ]

    operations = [
        migrations.RunPython(empty, migrations.RunPython.noop, elidable=True),
    ]
