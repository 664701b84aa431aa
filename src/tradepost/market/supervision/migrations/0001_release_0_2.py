"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '0001_release_0_2'),
        ('orders', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Supervision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('flow', models.CharField(max_length=32)),
                ('version', models.PositiveSmallIntegerField()),
                ('reviewed', models.BooleanField(default=False)),
                ('status', models.CharField(choices=[('running', 'Under way'), ('appealed', "Operator's decision pending"), ('accepted', 'Accepted, opening the service'), ('completed', 'Accepted'), ('refunded', 'Refunded')], default='running', max_length=16)),
                ('node', models.CharField(max_length=32)),
                ('owner', models.CharField(choices=[('buyer', 'Buyer'), ('seller', 'Seller'), ('operator', 'Operator'), ('market', 'The market itself')], max_length=8)),
                ('visit', models.PositiveIntegerField(default=1)),
                ('entered_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(default=None, null=True)),
                ('reminded', models.BooleanField(default=False)),
                ('stale_told', models.PositiveIntegerField(default=0)),
                ('rejections', models.PositiveIntegerField(default=0)),
                ('refunded_minor', models.PositiveBigIntegerField(db_default=0, default=0)),
                ('receiver_phone', models.CharField(blank=True, default='', max_length=32)),
                ('started_on', models.DateField(default=None, null=True)),
                ('effective_at', models.DateTimeField(default=None, null=True)),
                ('fetched_at', models.DateTimeField(default=None, null=True)),
                ('opened_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='supervisions', to=settings.AUTH_USER_MODEL)),
                ('line', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='supervision', to='orders.orderline')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='supervisions', to='identity.seller')),
                ('subscription', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='supervision', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Milestone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=64)),
                ('name_en', models.CharField(max_length=64)),
                ('weight', models.PositiveIntegerField()),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('accepted_at', models.DateTimeField(default=None, null=True)),
                ('supervision', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='milestones', to='supervision.supervision')),
            ],
        ),
        migrations.CreateModel(
            name='CancelRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('open', "Seller's answer pending"), ('returning', 'Agreed, return pending'), ('agreed', 'Agreed'), ('declined', 'Refused'), ('withdrawn', 'Withdrawn')], default='open', max_length=16)),
                ('amount_minor', models.PositiveBigIntegerField(default=None, null=True)),
                ('ends', models.BooleanField(db_default=True, default=True)),
                ('reason', models.CharField(max_length=1000)),
                ('answer', models.CharField(blank=True, default='', max_length=1000)),
                ('asked_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('supervision', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='cancel_requests', to='supervision.supervision')),
            ],
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('party', models.CharField(choices=[('buyer', 'Buyer'), ('seller', 'Seller'), ('operator', 'Operator'), ('market', 'The market itself')], max_length=8)),
                ('actor', models.CharField(max_length=254)),
                ('reason', models.CharField(max_length=2000)),
                ('remaining_seconds', models.PositiveIntegerField(default=None, null=True)),
                ('opened_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('decision', models.CharField(blank=True, choices=[('continue', 'Continue from the current step'), ('accept', 'Deem it accepted'), ('refund', 'Everything not yet accepted is refunded')], default='', max_length=16)),
                ('opinion', models.CharField(blank=True, default='', max_length=2000)),
                ('decided_at', models.DateTimeField(default=None, null=True)),
                ('decided_by', models.CharField(blank=True, default='', max_length=254)),
                ('supervision', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='appeals', to='supervision.supervision')),
            ],
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('node', models.CharField(max_length=32)),
                ('act', models.CharField(max_length=16)),
                ('party', models.CharField(choices=[('buyer', 'Buyer'), ('seller', 'Seller'), ('operator', 'Operator'), ('market', 'The market itself')], max_length=8)),
                ('actor', models.CharField(max_length=254)),
                ('words', models.CharField(blank=True, default='', max_length=2000)),
                ('entries', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
                ('supervision', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='visits', to='supervision.supervision')),
            ],
        ),
        migrations.AddIndex(
            model_name='supervision',
            index=models.Index(fields=['buyer', '-id'], name='supervision_buyer'),
        ),
        migrations.AddIndex(
            model_name='supervision',
            index=models.Index(fields=['seller', '-id'], name='supervision_seller'),
        ),
        migrations.AddIndex(
            model_name='supervision',
            index=models.Index(fields=['seller', 'status', 'owner', '-id'], name='supervision_seller_turn'),
        ),
        migrations.AddIndex(
            model_name='supervision',
            index=models.Index(condition=models.Q(('owner', 'operator'), ('status', 'running')), fields=['entered_at'], name='supervision_to_review'),
        ),
        migrations.AddIndex(
            model_name='supervision',
            index=models.Index(fields=['status', '-id'], name='supervision_status'),
        ),
        migrations.AddConstraint(
            model_name='supervision',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('status__in', ['running', 'appealed', 'accepted'])), models.Q(('ended_at__isnull', False), ('status__in', ['completed', 'refunded'])), _connector='OR'), name='supervision_ended_fits'),
        ),
        migrations.AddConstraint(
            model_name='milestone',
            constraint=models.UniqueConstraint(fields=('supervision', 'position'), name='milestone_once'),
        ),
        migrations.AddConstraint(
            model_name='cancelrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('supervision',), name='cancel_request_open_once'),
        ),
        migrations.AddIndex(
            model_name='cancelrequest',
            index=models.Index(fields=['supervision', '-id'], name='cancel_request_of'),
        ),
        migrations.AddIndex(
            model_name='appeal',
            index=models.Index(fields=['supervision', '-id'], name='appeal_of'),
        ),
        migrations.AddIndex(
            model_name='appeal',
            index=models.Index(condition=models.Q(('decision', '')), fields=['due_at'], name='appeal_to_decide'),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.UniqueConstraint(condition=models.Q(('decision', '')), fields=('supervision',), name='appeal_open_once'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.UniqueConstraint(fields=('supervision', 'number'), name='visit_once'),
        ),
    ]
