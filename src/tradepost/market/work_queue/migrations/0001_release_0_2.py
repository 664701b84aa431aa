"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Handling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=32)),
                ('entry', models.PositiveBigIntegerField()),
                ('snoozed_until', models.DateTimeField(default=None, null=True)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.CharField(max_length=254)),
                ('assignee', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='HandlingChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('assigned', 'Given to'), ('given_back', 'Returned'), ('snoozed', 'Postponed'), ('woken', 'Back in the queue'), ('noted', 'Noted')], max_length=16)),
                ('words', models.CharField(blank=True, default='', max_length=500)),
                ('until', models.DateTimeField(default=None, null=True)),
                ('at', models.DateTimeField()),
                ('by', models.CharField(max_length=254)),
                ('handling', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='work_queue.handling')),
            ],
        ),
        migrations.AddIndex(
            model_name='handling',
            index=models.Index(condition=models.Q(('snoozed_until', None), _negated=True), fields=['source', 'entry', 'snoozed_until'], name='handling_snoozed'),
        ),
        migrations.AddIndex(
            model_name='handling',
            index=models.Index(fields=['changed_at'], name='handling_changed'),
        ),
        migrations.AddIndex(
            model_name='handling',
            index=models.Index(condition=models.Q(('assignee__isnull', False)), fields=['assignee', 'source', 'entry'], name='handling_of'),
        ),
        migrations.AddConstraint(
            model_name='handling',
            constraint=models.UniqueConstraint(fields=('source', 'entry'), name='handling_once'),
        ),
        migrations.AddIndex(
            model_name='handlingchange',
            index=models.Index(fields=['handling', 'id'], name='handling_change'),
        ),
    ]
