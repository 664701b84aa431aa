"""Attempts are stored when they have ended; the open one is in its call's row."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def carry_open_attempts(apps: StateApps, _editor: BaseDatabaseSchemaEditor) -> None:
    """What an earlier version wrote before it sent: at most as many rows as calls were in flight."""
    attempts = apps.get_model("production", "Attempt").objects.filter(ended=False)
    calls = apps.get_model("production", "Call").objects
    for attempt in attempts:
        calls.filter(pk=attempt.call_id, attempts=attempt.number).update(
            trigger=attempt.trigger, business_id=attempt.business_id, attempt_at=attempt.started_at
        )
    attempts.delete()


class Migration(migrations.Migration):
    dependencies = [("production", "0001_initial")]

    operations = [
        migrations.AddField("call", "attempt_at", models.DateTimeField(default=None, null=True)),
        migrations.AddField("call", "business_id", models.CharField(blank=True, default="", max_length=64)),
        migrations.AddField("call", "trigger", models.CharField(blank=True, default="", max_length=8)),
        migrations.RunPython(carry_open_attempts, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField("attempt", "ended"),
    ]
