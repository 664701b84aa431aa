"""Tables of 0.2.0."""

import datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='SandboxClock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('offset', models.DurationField(default=datetime.timedelta)),
                ('target', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='WorkerProcess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, unique=True)),
                ('started_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('in_flight', models.PositiveIntegerField(default=0)),
                ('claimed', models.PositiveBigIntegerField(default=0)),
                ('recorded', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.SmallIntegerField(choices=[(0, 'waiting'), (1, 'in flight'), (2, 'held'), (3, 'ended')], default=0)),
                ('due_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(default=None, null=True)),
                ('lease_owner', models.CharField(blank=True, default='', max_length=64)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('name', models.CharField(max_length=64)),
                ('facts', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('error', models.TextField(blank=True, default='')),
                ('left', models.JSONField(blank=True, default=list)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 0)), fields=['due_at', 'id'], name='event_due'), models.Index(condition=models.Q(('error', ''), _negated=True), fields=['due_at', 'id'], name='event_stuck')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.SmallIntegerField(choices=[(0, 'waiting'), (1, 'in flight'), (2, 'held'), (3, 'ended')], default=0)),
                ('due_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(default=None, null=True)),
                ('lease_owner', models.CharField(blank=True, default='', max_length=64)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('kind', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=128)),
                ('payload', models.JSONField(default=dict)),
                ('error', models.TextField(blank=True, default='')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 0)), fields=['due_at', 'id'], name='job_due'), models.Index(condition=models.Q(('state', 1)), fields=['lease_until'], name='job_leased'), models.Index(condition=models.Q(('error', ''), _negated=True), fields=['due_at', 'id'], name='job_stuck')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'key'), name='job_kind_key')],
            },
        ),
        migrations.CreateModel(
            name='LeasedJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.SmallIntegerField(choices=[(0, 'waiting'), (1, 'in flight'), (2, 'held'), (3, 'ended')], default=0)),
                ('due_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(default=None, null=True)),
                ('lease_owner', models.CharField(blank=True, default='', max_length=64)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('kind', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=128)),
                ('seller_id', models.BigIntegerField(default=None, null=True)),
                ('payload', models.JSONField(default=dict)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('words', models.CharField(blank=True, default='', max_length=200)),
                ('cancel', models.BooleanField(default=False)),
                ('outcome', models.CharField(blank=True, choices=[('', 'under way'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='', max_length=16)),
                ('result', models.JSONField(default=None, null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 0)), fields=['due_at', 'id'], name='leased_job_due'), models.Index(condition=models.Q(('state', 1)), fields=['lease_until'], name='leased_job_leased'), models.Index(fields=['kind', 'key', '-id'], name='leased_job_newest'), models.Index(fields=['outcome', '-id'], name='leased_job_outcome'), models.Index(fields=['outcome', 'kind', '-id'], name='leased_job_outcome_kind')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 3), _negated=True), fields=('kind', 'key'), name='leased_job_one_open'), models.CheckConstraint(condition=models.Q(models.Q(('state', 3), models.Q(('outcome', ''), _negated=True)), models.Q(models.Q(('state', 3), _negated=True), ('outcome', '')), _connector='OR'), name='leased_job_ended_has_outcome')],
            },
        ),
        migrations.CreateModel(
            name='MarketIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('market_id', models.CharField(max_length=32)),
                ('mode', models.CharField(choices=[('sandbox', 'sandbox'), ('production', 'production')], max_length=16)),
                ('created_at', models.DateTimeField()),
                ('key_checks', models.JSONField(default=list)),
                ('files_token', models.CharField(blank=True, default='', max_length=32)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='market_identity_one_row')],
            },
        ),
        migrations.CreateModel(
            name='Move',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lifecycle', models.CharField(max_length=32)),
                ('subject', models.CharField(max_length=64)),
                ('event', models.CharField(max_length=32)),
                ('before', models.CharField(max_length=32)),
                ('after', models.CharField(max_length=32)),
                ('at', models.DateTimeField()),
                ('actor', models.CharField(max_length=128)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
            ],
            options={
                'indexes': [models.Index(fields=['lifecycle', 'subject', 'id'], name='move_subject')],
            },
        ),
    ]
