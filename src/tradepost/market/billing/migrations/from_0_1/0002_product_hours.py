"""What the services of a product used is kept by the hour; who owes is found by an index."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

WAITING = 0


def add_what_was_charged(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A worker adds what was charged so far. Collections that are still being charged do it themselves, at their end."""
    jobs = apps.get_model("base", "Job").objects
    charging = {key.partition("/")[0] for key in jobs.filter(kind="billing.charge").values_list("key", flat=True)}
    closed = apps.get_model("metering", "Collection").objects.order_by("pk").values_list("pk", "closed_at")
    jobs.bulk_create(
        (
            jobs.model(
                kind="billing.charge", key=f"{pk}/tally", due_at=at, payload={"collection": pk, "after": None}, state=WAITING
            )
            for pk, at in closed.iterator()
            if str(pk) not in charging
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('base', '0004_lists_of_leased_jobs'),
        ('billing', '0001_initial'),
        ('catalog', '0007_attributes_of_sellers'),
        ('metering', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ProductHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unit', models.CharField(max_length=32)),
                ('unit_en', models.CharField(max_length=32)),
                ('currency', models.CharField(max_length=3)),
                ('hour', models.DateTimeField()),
                ('quantity', models.BigIntegerField()),
                ('minor', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='TalliedCollection',
            fields=[
                ('collection', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='tallied', serialize=False, to='metering.collection')),
            ],
        ),
        migrations.AddIndex(
            model_name='arrears',
            index=models.Index(condition=models.Q(('status', 'frozen')), fields=['releases_at', 'id'], name='arrears_frozen'),
        ),
        migrations.AddIndex(
            model_name='arrears',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['-id'], name='arrears_standing'),
        ),
        migrations.AddField(
            model_name='producthour',
            name='product',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_hours', to='catalog.product'),
        ),
        migrations.AddConstraint(
            model_name='producthour',
            constraint=models.UniqueConstraint(fields=('product', 'unit', 'currency', 'hour'), name='product_hour_once'),
        ),
        migrations.RunPython(add_what_was_charged, migrations.RunPython.noop, elidable=True),
    ]
