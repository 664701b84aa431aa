"""When the paid time of what was tried first began: from its periods, for what became formal before."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Exists, OuterRef, Subquery


def of_periods(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    periods = apps.get_model("subscriptions", "Period").objects.filter(subscription=OuterRef("pk"))
    paid = periods.filter(kind="base", cancelled_at=None).order_by("starts_at")
    tried = apps.get_model("subscriptions", "Subscription").objects.filter(Exists(periods.filter(kind="trial")))
    tried.update(formal_at=Subquery(paid.values("starts_at")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ('subscriptions', '0008_trial_periods'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscription',
            name='formal_at',
            field=models.DateTimeField(default=None, null=True),
        ),
        migrations.RunPython(of_periods, migrations.RunPython.noop, elidable=True),
    ]
