"""Tables of 0.2.0, second part."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('app_keys', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
    ]

    operations = [
        migrations.AddField(
            model_name='appkey',
            name='subscription',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='app_keys', to='subscriptions.subscription'),
        ),
        migrations.AddIndex(
            model_name='appkey',
            index=models.Index(fields=['subscription', '-id'], name='app_key_service'),
        ),
        migrations.AddIndex(
            model_name='appkey',
            index=models.Index(condition=models.Q(('revoked_at', None)), fields=['subscription'], name='app_key_valid'),
        ),
    ]
