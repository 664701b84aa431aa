"""What failed and is tried again is found by an index."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('base', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('error', ''), _negated=True), fields=['due_at', 'id'], name='event_stuck'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('error', ''), _negated=True), fields=['due_at', 'id'], name='job_stuck'),
        ),
    ]
