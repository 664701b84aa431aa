"""When each service is frozen and released is set at the end of its paid time. What is frozen for its end keeps what was said."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def frozen_at_its_end(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The release before froze at the end, and said then until when it is kept."""
    subscriptions = apps.get_model("subscriptions", "Subscription")
    subscriptions.objects.exclude(release_at=None).update(freeze_at=F("expires_at"))


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0005_at_expiry")]

    operations = [
        migrations.AddField(
            model_name="subscription", name="freeze_at", field=models.DateTimeField(default=None, null=True)
        ),
        migrations.AddField(
            model_name="subscription", name="reminded_until", field=models.DateTimeField(default=None, null=True)
        ),
        migrations.RunPython(frozen_at_its_end, migrations.RunPython.noop),
    ]
