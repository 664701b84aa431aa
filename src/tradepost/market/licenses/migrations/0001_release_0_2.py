"""Tables of 0.2.0."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
    ]

    operations = [
        migrations.CreateModel(
            name='LicenseCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=64, unique=True)),
                ('status', models.CharField(choices=[('issued', 'Not taken yet'), ('taken', 'Taken'), ('active', 'Activated'), ('withdrawn', 'Returned')], default='issued', max_length=16)),
                ('issued_at', models.DateTimeField()),
                ('ordered_at', models.DateTimeField()),
                ('taken_at', models.DateTimeField(default=None, null=True)),
                ('activated_at', models.DateTimeField(default=None, null=True)),
                ('effective_at', models.DateTimeField(default=None, null=True)),
                ('queried_at', models.DateTimeField(default=None, null=True)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='license_codes', to='catalog.product')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='license_codes', to='identity.seller')),
                ('subscription', models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='license_code', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='LicenseRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.CharField(max_length=64, unique=True)),
                ('fingerprint', models.CharField(blank=True, max_length=1024)),
                ('fingerprint_hash', models.CharField(max_length=64)),
                ('term', models.CharField(blank=True, max_length=32)),
                ('status', models.CharField(choices=[('asking', 'Requesting from the seller'), ('promised', 'The seller is creating it'), ('refused', 'Not granted'), ('delivered', 'Delivered'), ('withdrawn', 'Withdrawn')], default='asking', max_length=16)),
                ('verdict', models.CharField(blank=True, default='', max_length=32)),
                ('sealed_license', models.TextField(blank=True, default='')),
                ('file_name', models.CharField(blank=True, default='', max_length=1024)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('size', models.PositiveBigIntegerField(default=None, null=True)),
                ('asked_at', models.DateTimeField()),
                ('delivered_at', models.DateTimeField(default=None, null=True)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='license_requests', to='identity.seller')),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='license_requests', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='SoftwareUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('client_id', models.CharField(blank=True, default='', max_length=256)),
                ('active_num', models.PositiveIntegerField(default=None, null=True)),
                ('reported_at', models.DateTimeField()),
                ('license', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage', to='licenses.licensecode')),
            ],
        ),
        migrations.AddIndex(
            model_name='licensecode',
            index=models.Index(fields=['seller', '-id'], name='license_code_seller'),
        ),
        migrations.AddIndex(
            model_name='licensecode',
            index=models.Index(fields=['seller', 'status', '-id'], name='license_code_seller_status'),
        ),
        migrations.AddIndex(
            model_name='licensecode',
            index=models.Index(fields=['status', '-id'], name='license_code_status'),
        ),
        migrations.AddIndex(
            model_name='licensecode',
            index=models.Index(condition=models.Q(('subscription', None)), fields=['product', '-id'], name='license_code_test'),
        ),
        migrations.AddIndex(
            model_name='licenserequest',
            index=models.Index(fields=['subscription', '-id'], name='license_request_subscription'),
        ),
        migrations.AddIndex(
            model_name='licenserequest',
            index=models.Index(fields=['-asked_at', '-id'], name='license_request_newest'),
        ),
        migrations.AddIndex(
            model_name='licenserequest',
            index=models.Index(fields=['seller', '-asked_at', '-id'], name='license_request_of_seller'),
        ),
        migrations.AddIndex(
            model_name='licenserequest',
            index=models.Index(fields=['seller', 'status', '-asked_at', '-id'], name='license_request_of_seller_st'),
        ),
        migrations.AddIndex(
            model_name='licenserequest',
            index=models.Index(fields=['status', '-asked_at', '-id'], name='license_request_of_status'),
        ),
        migrations.AddConstraint(
            model_name='licenserequest',
            constraint=models.UniqueConstraint(fields=('subscription', 'fingerprint_hash', 'term'), name='license_request_machine_and_term'),
        ),
        migrations.AddConstraint(
            model_name='softwareusage',
            constraint=models.UniqueConstraint(fields=('license', 'day', 'client_id'), name='software_usage_once'),
        ),
    ]
