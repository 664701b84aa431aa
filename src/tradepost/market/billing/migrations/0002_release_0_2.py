"""Tables of 0.2.0, second part."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('billing', '0001_release_0_2'),
        ('catalog', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('metering', '0001_release_0_2'),
        ('payments', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TalliedCollection',
            fields=[
                ('collection', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='tallied', serialize=False, to='metering.collection')),
            ],
        ),
        migrations.AddField(
            model_name='accumulation',
            name='meter',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='accumulations', to='metering.meter'),
        ),
        migrations.AddField(
            model_name='allocation',
            name='transfer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='payments.transfer'),
        ),
        migrations.AddField(
            model_name='arrears',
            name='buyer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='arrears', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='charge',
            name='accumulation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='billing.accumulation'),
        ),
        migrations.AddField(
            model_name='charge',
            name='buyer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='charges', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='charge',
            name='collection',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='metering.collection'),
        ),
        migrations.AddField(
            model_name='charge',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='charge',
            name='subscription',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='allocation',
            name='charge',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allocations', to='billing.charge'),
        ),
        migrations.AddField(
            model_name='packagealert',
            name='buyer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='package_alerts', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='packagealert',
            name='offer',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.offer'),
        ),
        migrations.AddField(
            model_name='producthour',
            name='product',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_hours', to='catalog.product'),
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
        migrations.AddConstraint(
            model_name='accumulation',
            constraint=models.UniqueConstraint(fields=('meter', 'start'), name='accumulation_once'),
        ),
        migrations.AddConstraint(
            model_name='accumulation',
            constraint=models.CheckConstraint(condition=models.Q(('charged_minor__gte', 0), ('quantity__gte', 0)), name='accumulation_not_negative'),
        ),
        migrations.AddIndex(
            model_name='arrears',
            index=models.Index(fields=['buyer', '-id'], name='arrears_buyer'),
        ),
        migrations.AddConstraint(
            model_name='arrears',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('buyer', 'currency'), name='arrears_once'),
        ),
        migrations.AddIndex(
            model_name='arrears',
            index=models.Index(condition=models.Q(('status', 'frozen')), fields=['releases_at', 'id'], name='arrears_frozen'),
        ),
        migrations.AddIndex(
            model_name='arrears',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['-id'], name='arrears_standing'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(fields=['buyer', '-id'], name='charge_buyer'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(fields=['seller', '-id'], name='charge_seller'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(fields=['subscription', '-id'], name='charge_subscription'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(fields=['subscription', 'at'], name='charge_since'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(condition=models.Q(('open_minor__gt', 0)), fields=['buyer', 'currency', 'id'], name='charge_open'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(condition=models.Q(('minor', 0), _negated=True), fields=['-id'], name='charge_of_something'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(condition=models.Q(('waiting_minor__gt', 0)), fields=['subscription', 'id'], name='charge_waiting'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(condition=models.Q(('waiting_minor__gt', 0)), fields=['seller', 'buyer', 'id'], name='charge_waiting_parties'),
        ),
        migrations.AddConstraint(
            model_name='charge',
            constraint=models.UniqueConstraint(fields=('collection', 'accumulation'), name='charge_once'),
        ),
        migrations.AddConstraint(
            model_name='charge',
            constraint=models.CheckConstraint(condition=models.Q(('open_minor', 0), models.Q(('minor__gt', 0), ('open_minor__lte', models.F('minor'))), _connector='OR'), name='charge_open_within'),
        ),
        migrations.AddConstraint(
            model_name='charge',
            constraint=models.CheckConstraint(condition=models.Q(('waiting_minor', 0), models.Q(('minor__lt', 0), ('waiting_minor__lte', django.db.models.expressions.CombinedExpression(models.F('minor'), '*', models.Value(-1)))), _connector='OR'), name='charge_waiting_within'),
        ),
        migrations.AddConstraint(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(('minor__gt', 0)), name='allocation_of_something'),
        ),
        migrations.AddConstraint(
            model_name='packagealert',
            constraint=models.UniqueConstraint(condition=models.Q(('offer__isnull', False)), fields=('buyer', 'offer'), name='alert_once'),
        ),
        migrations.AddConstraint(
            model_name='packagealert',
            constraint=models.UniqueConstraint(condition=models.Q(('offer', None)), fields=('buyer',), name='alert_of_all_once'),
        ),
        migrations.AddConstraint(
            model_name='packagealert',
            constraint=models.CheckConstraint(condition=models.Q(('threshold__gte', 0)), name='alert_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='packagealert',
            constraint=models.CheckConstraint(condition=models.Q(('by', 'amount'), ('threshold__lt', 100), _connector='OR'), name='alert_percent'),
        ),
        migrations.AddConstraint(
            model_name='packagealert',
            constraint=models.CheckConstraint(condition=models.Q(('offer__isnull', False), models.Q(('by', 'percent'), ('repurchases_left', 0)), _connector='OR'), name='alert_of_all'),
        ),
        migrations.AddConstraint(
            model_name='producthour',
            constraint=models.UniqueConstraint(fields=('product', 'hour', 'unit', 'currency'), name='product_hour_once'),
        ),
        migrations.AddIndex(
            model_name='usagemonth',
            index=models.Index(condition=models.Q(('paid_minor__gt', models.F('invoiced_minor'))), fields=['buyer', 'seller', '-id'], name='usage_month_to_invoice'),
        ),
        migrations.AddConstraint(
            model_name='usagemonth',
            constraint=models.UniqueConstraint(fields=('subscription', 'month'), name='usage_month_once'),
        ),
        migrations.AddConstraint(
            model_name='usagemonth',
            constraint=models.CheckConstraint(condition=models.Q(('invoiced_minor__gte', 0), ('paid_minor__gte', models.F('invoiced_minor'))), name='usage_month_invoiced_within'),
        ),
    ]
