"""Tables of 0.2.0, second part."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('compute', '0002_release_0_2'),
        ('fulfilment', '0001_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('orders', '0001_release_0_2'),
        ('production', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
    ]

    operations = [
        migrations.AddField(
            model_name='drift',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='drifts', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='drift',
            name='subscription',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='drifts', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='operation',
            name='call',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='operation', to='production.call'),
        ),
        migrations.AddField(
            model_name='operation',
            name='line',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='operations', to='orders.orderline'),
        ),
        migrations.AddField(
            model_name='operation',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='operations', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='operation',
            name='subscription',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='operations', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='operation',
            name='task',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='operation', to='compute.task'),
        ),
        migrations.AddField(
            model_name='drift',
            name='operation',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='fulfilment.operation'),
        ),
        migrations.AddConstraint(
            model_name='operation',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'running')), fields=('lane',), name='operation_one_running'),
        ),
        migrations.AddConstraint(
            model_name='operation',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key', ''), _negated=True), fields=('idempotency_key',), name='operation_idempotency_key'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('status__in', ('queued', 'running', 'stopped'))), fields=['subscription', 'id'], name='operation_unresolved'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('status', 'stopped')), fields=['-id'], name='operation_stopped'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(fields=['subscription', '-id'], name='operation_subscription'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(fields=['seller', '-id'], name='operation_seller'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('status__in', ('queued', 'running', 'stopped'))), fields=['seller', '-id'], name='operation_seller_open'),
        ),
        migrations.AddConstraint(
            model_name='operation',
            constraint=models.UniqueConstraint(condition=models.Q(('line__isnull', False)), fields=('line',), name='operation_line'),
        ),
        migrations.AddConstraint(
            model_name='drift',
            constraint=models.UniqueConstraint(condition=models.Q(('settled_at', None)), fields=('subscription', 'what'), name='drift_stands_once'),
        ),
        migrations.AddIndex(
            model_name='drift',
            index=models.Index(condition=models.Q(('settled_at', None)), fields=['-id'], name='drift_standing'),
        ),
        migrations.AddIndex(
            model_name='drift',
            index=models.Index(condition=models.Q(('settled_at', None)), fields=['seller', '-id'], name='drift_seller_standing'),
        ),
        migrations.AddIndex(
            model_name='drift',
            index=models.Index(fields=['subscription', '-id'], name='drift_subscription'),
        ),
        migrations.AddIndex(
            model_name='drift',
            index=models.Index(condition=models.Q(('settled_at', None), _negated=True), fields=['found_at', 'id'], name='drift_settled'),
        ),
    ]
