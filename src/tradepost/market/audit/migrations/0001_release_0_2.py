"""Tables of 0.2.0."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Clearance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.DateTimeField(unique=True)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('actor_text', models.CharField(max_length=254)),
                ('act', models.CharField(max_length=64)),
                ('object_kind', models.CharField(blank=True, default='', max_length=32)),
                ('object_id', models.CharField(blank=True, default='', max_length=64)),
                ('object_text', models.CharField(blank=True, default='', max_length=200)),
                ('outcome', models.CharField(choices=[('done', 'Done'), ('shown', 'Shown for confirmation'), ('asked', 'Waiting for approval'), ('refused', 'Refused'), ('failed', 'Failed')], max_length=8)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('details', models.JSONField(default=dict)),
                ('request', models.CharField(blank=True, default='', max_length=64)),
                ('network', models.CharField(blank=True, default='', max_length=64)),
            ],
        ),
    ]
