"""Payments for the usage of each service and month, which invoices are about; credits that wait for an invoice."""

from collections import defaultdict
from datetime import date

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F, Sum
from django.utils import timezone

type Place = tuple[int, date]


def add_what_was_paid(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    charges = apps.get_model("billing", "Charge").objects.order_by()
    months = apps.get_model("billing", "UsageMonth").objects
    zone = timezone.get_default_timezone()
    keys = ("buyer", "seller", "currency", "subscription", "accumulation__start")
    paid: defaultdict[tuple[int, int, str], defaultdict[Place, int]] = defaultdict(lambda: defaultdict(int))
    sums = charges.values_list(*keys).annotate(paid=Sum(F("minor") - F("open_minor")))
    for buyer, seller, currency, service, start, minor in sums.iterator(chunk_size=2_000):
        paid[buyer, seller, currency][service, start.astimezone(zone).date().replace(day=1)] += minor
    months.bulk_create(
        (
            months.model(
                subscription_id=service, month=month, buyer_id=buyer, seller_id=seller, currency=currency, paid_minor=minor
            )
            for (buyer, seller, currency), sums_of in sorted(paid.items())
            for (service, month), minor in sorted(settled(sums_of).items(), key=lambda item: (item[0][1], item[0][0]))
        ),
        batch_size=1_000,
    )


def settled(sums: dict[Place, int]) -> dict[Place, int]:
    """A credit could settle the debt of another month. Such a month has less than nothing, which the newest others make up."""
    missing = -sum(minor for minor in sums.values() if minor < 0)
    found: dict[Place, int] = {}
    for place in sorted(sums, key=lambda place: (place[1], place[0]), reverse=True):
        minor = max(sums[place], 0)
        found[place] = minor - min(missing, minor)
        missing -= min(missing, minor)
    return {place: minor for place, minor in found.items() if minor}


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0005_charges_of_something'),
        ('identity', '0013_former_members'),
        ('metering', '0008_refused_ask_less'),
        ('subscriptions', '0012_bound'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='charge',
            name='waiting_minor',
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name='UsageMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('paid_minor', models.BigIntegerField(default=0)),
                ('invoiced_minor', models.BigIntegerField(default=0)),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_months', to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_months', to='identity.seller')),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_months', to='subscriptions.subscription')),
            ],
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(condition=models.Q(('waiting_minor__gt', 0)), fields=['subscription', 'id'], name='charge_waiting'),
        ),
        migrations.AddConstraint(
            model_name='charge',
            constraint=models.CheckConstraint(condition=models.Q(('waiting_minor', 0), models.Q(('minor__lt', 0), ('waiting_minor__lte', django.db.models.expressions.CombinedExpression(models.F('minor'), '*', models.Value(-1)))), _connector='OR'), name='charge_waiting_within'),
        ),
        migrations.AddConstraint(
            model_name='usagemonth',
            constraint=models.UniqueConstraint(fields=('subscription', 'month'), name='usage_month_once'),
        ),
        migrations.AddConstraint(
            model_name='usagemonth',
            constraint=models.CheckConstraint(condition=models.Q(('invoiced_minor__gte', 0), ('paid_minor__gte', models.F('invoiced_minor'))), name='usage_month_invoiced_within'),
        ),
        migrations.AddIndex(
            model_name='usagemonth',
            index=models.Index(condition=models.Q(('paid_minor__gt', models.F('invoiced_minor'))), fields=['buyer', 'seller', '-id'], name='usage_month_to_invoice'),
        ),
        migrations.RunPython(add_what_was_paid, migrations.RunPython.noop, elidable=True),
    ]
