"""What a seller is asked to answer is found by an index, however many refunds it had."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0009_expiry_day'),
        ('orders', '0015_refunds'),
        ('subscriptions', '0008_trial_periods'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['seller', 'status', '-id'], name='refund_seller_status'),
        ),
    ]
