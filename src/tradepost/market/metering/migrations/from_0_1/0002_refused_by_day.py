"""Refused records of a day are found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0009_expiry_day'),
        ('metering', '0001_initial'),
        ('subscriptions', '0010_arrears'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='refusedrecord',
            index=models.Index(fields=['seller', 'at'], name='refused_seller_at'),
        ),
    ]
