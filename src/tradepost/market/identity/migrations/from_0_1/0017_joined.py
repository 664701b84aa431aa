"""Newly joined people and sellers are counted by their moment."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0016_buyer_keys'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='seller',
            index=models.Index(fields=['created_at', 'id'], name='seller_created'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(fields=['joined_at', 'id'], name='user_joined'),
        ),
    ]
