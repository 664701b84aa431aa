"""What was paid is counted by seller and day; orders are found by the end of their number."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone


def count_what_was_paid(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Of all orders so far, by the days of the market's time zone."""
    paid = apps.get_model("orders", "OrderLine").objects.filter(order__paid_at__isnull=False)
    counted = (
        paid.annotate(day=TruncDate("order__paid_at", tzinfo=timezone.get_default_timezone()))
        .values_list("seller", "day", "order__currency").annotate(Count("pk"), Sum("amount_minor")).order_by()
    )
    model = apps.get_model("orders", "SalesDay")
    model.objects.bulk_create(
        (
            model(seller_id=seller, day=day, currency=currency, part=0, lines=lines, amount_minor=minor)
            for seller, day, currency, lines, minor in counted.iterator()
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0002_the_few_users'),
        ('orders', '0005_origin_and_list_price'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SalesDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('part', models.PositiveSmallIntegerField()),
                ('lines', models.PositiveBigIntegerField()),
                ('amount_minor', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(django.db.models.functions.text.Substr('number', 13), name='order_tail'),
        ),
        migrations.AddField(
            model_name='salesday',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sales_days', to='identity.seller'),
        ),
        migrations.AddConstraint(
            model_name='salesday',
            constraint=models.UniqueConstraint(fields=('seller', 'day', 'currency', 'part'), name='sales_day_once'),
        ),
        migrations.RunPython(count_what_was_paid, migrations.RunPython.noop, elidable=True),
    ]
