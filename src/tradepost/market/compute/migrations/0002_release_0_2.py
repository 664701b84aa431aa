"""Tables of 0.2.0, second part."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('compute', '0001_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='server',
            name='buyer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='servers', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='server',
            name='seller',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='servers', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='server',
            name='service',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='servers', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='span',
            name='server',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='spans', to='compute.server'),
        ),
        migrations.AddField(
            model_name='span',
            name='service',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='spans', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='task',
            name='server',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='compute.server'),
        ),
        migrations.AddIndex(
            model_name='server',
            index=models.Index(fields=['buyer', '-id'], name='server_buyer'),
        ),
        migrations.AddIndex(
            model_name='server',
            index=models.Index(fields=['status', '-id'], name='server_status'),
        ),
        migrations.AddIndex(
            model_name='server',
            index=models.Index(condition=models.Q(('seller__isnull', False)), fields=['seller', '-id'], name='server_seller'),
        ),
        migrations.AddIndex(
            model_name='server',
            index=models.Index(condition=models.Q(('counting', True)), fields=['id'], name='server_counting'),
        ),
        migrations.AddConstraint(
            model_name='server',
            constraint=models.UniqueConstraint(condition=models.Q(('provider_id', ''), _negated=True), fields=('cloud', 'provider_id'), name='server_provider_once'),
        ),
        migrations.AddConstraint(
            model_name='server',
            constraint=models.UniqueConstraint(condition=models.Q(('service__isnull', False)), fields=('service',), name='server_service_once'),
        ),
        migrations.AddIndex(
            model_name='server',
            index=models.Index(condition=models.Q(('status__in', ['creating', 'running', 'broken', 'stopped'])), fields=['buyer', '-id'], name='server_buyer_living'),
        ),
        migrations.AddConstraint(
            model_name='span',
            constraint=models.UniqueConstraint(condition=models.Q(('to_at', None)), fields=('server',), name='span_one_goes_on'),
        ),
        migrations.AddIndex(
            model_name='span',
            index=models.Index(fields=['service', '-id'], name='span_service'),
        ),
        migrations.AddConstraint(
            model_name='span',
            constraint=models.UniqueConstraint(fields=('server', 'from_at'), name='span_begins_once'),
        ),
        migrations.AddConstraint(
            model_name='span',
            constraint=models.CheckConstraint(condition=models.Q(('to_at', None), ('from_at__lt', models.F('to_at')), _connector='OR'), name='span_has_a_length'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['server', '-id'], name='task_server'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['server', 'id'], name='task_open'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('status', 'gave_up')), fields=['-id'], name='task_gave_up'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(condition=models.Q(('owner', None), ('status', 'gave_up')), fields=['id'], name='task_alone_gave_up'),
        ),
    ]
