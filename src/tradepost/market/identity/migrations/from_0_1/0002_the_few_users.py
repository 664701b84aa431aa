"""Operators and the locked are found by an index."""

from django.db import migrations, models

class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('is_operator', True)), fields=['-id'], name='user_operator'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('is_active', False)), fields=['-id'], name='user_locked'),
        ),
    ]
