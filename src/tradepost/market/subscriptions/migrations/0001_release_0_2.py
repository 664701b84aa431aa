"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0001_release_0_2'),
        ('identity', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField(default=1)),
                ('order_line_number', models.CharField(max_length=64, unique=True)),
                ('instance_id', models.CharField(blank=True, default='', max_length=64)),
                ('status', models.CharField(choices=[('opening', 'Opening'), ('active', 'Active'), ('frozen', 'Frozen'), ('releasing', 'Being released'), ('released', 'Released'), ('failed', 'Never opened')], default='opening', max_length=16)),
                ('sealed_access', models.TextField(blank=True, default='')),
                ('sealed_license', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(default=None, null=True)),
                ('formal_at', models.DateTimeField(default=None, null=True)),
                ('expires_at', models.DateTimeField(default=None, null=True)),
                ('reminded_until', models.DateTimeField(default=None, null=True)),
                ('freeze_at', models.DateTimeField(default=None, null=True)),
                ('release_at', models.DateTimeField(default=None, null=True)),
                ('at_expiry', models.CharField(choices=[('keep', 'Keep it for the grace and retention periods'), ('renew', 'Renew it automatically'), ('end', 'Do not renew: delete it when it expires')], db_default='keep', default='keep', max_length=8)),
                ('auto_period_type', models.CharField(blank=True, db_default='', default='', max_length=8)),
                ('auto_periods', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('bound', models.BooleanField(db_default=False, default=False)),
                ('seller_state', models.CharField(choices=[('active', 'Active'), ('frozen', 'Frozen'), ('unknown', 'Unknown')], db_default='active', default='active', max_length=8)),
                ('buyer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to=settings.AUTH_USER_MODEL)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='catalog.offer')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='catalog.product')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Period',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line_number', models.CharField(max_length=64)),
                ('kind', models.CharField(choices=[('base', 'Paid period'), ('trial', 'Trial period'), ('change', 'Change in use')], default='base', max_length=8)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('quantity', models.PositiveIntegerField()),
                ('paid_minor', models.PositiveBigIntegerField()),
                ('list_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('cancelled_at', models.DateTimeField(default=None, null=True)),
                ('earned_at', models.DateTimeField(default=None, null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='catalog.offer')),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='periods', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Freeze',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('expired', 'Paid period ended'), ('operator', 'Frozen manually'), ('arrears', 'Usage was not paid'), ('used_up', 'Its package is used up')], max_length=16)),
                ('since', models.DateTimeField()),
                ('actor', models.CharField(max_length=128)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('lifted_at', models.DateTimeField(default=None, null=True)),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='freezes', to='subscriptions.subscription')),
            ],
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(condition=models.Q(('instance_id', ''), _negated=True), fields=('instance_id', 'seller'), name='subscription_instance_once'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['buyer', '-id'], name='subscription_buyer'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['seller', '-id'], name='subscription_seller'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['status', '-id'], name='subscription_status'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['seller', 'status', '-id'], name='subscription_seller_status'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['buyer', 'status', '-id'], name='subscription_buyer_status'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(fields=['buyer', 'product', 'status', '-id'], name='subscription_buyer_kind_status'),
        ),
        migrations.AddIndex(
            model_name='period',
            index=models.Index(fields=['subscription', 'starts_at'], name='period_subscription'),
        ),
        migrations.AddConstraint(
            model_name='period',
            constraint=models.UniqueConstraint(fields=('line_number', 'starts_at'), name='period_line_once'),
        ),
        migrations.AddConstraint(
            model_name='period',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at__lt', models.F('ends_at'))), name='period_has_a_length'),
        ),
        migrations.AddIndex(
            model_name='freeze',
            index=models.Index(fields=['subscription', 'id'], name='freeze_subscription'),
        ),
        migrations.AddConstraint(
            model_name='freeze',
            constraint=models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('subscription', 'reason'), name='freeze_reason_stands_once'),
        ),
        migrations.AddIndex(
            model_name='freeze',
            index=models.Index(condition=models.Q(('lifted_at', None), ('reason', 'operator')), fields=['subscription'], name='freeze_by_operator'),
        ),
    ]
