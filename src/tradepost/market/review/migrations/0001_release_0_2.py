"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0001_release_0_2'),
        ('identity', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=32)),
                ('about', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('document', models.JSONField(default=dict)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('revision', models.PositiveIntegerField(default=0)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('checking', 'Being checked'), ('pending', 'Waiting for the operator'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('failed', 'Checks failed'), ('withdrawn', 'Withdrawn')], default='draft', max_length=16)),
                ('due_at', models.DateTimeField(default=None, null=True)),
                ('checklist', models.JSONField(default=list)),
                ('findings', models.JSONField(default=list)),
                ('reasons', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('saved_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(default=None, null=True)),
                ('decided_at', models.DateTimeField(default=None, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('earlier', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='later', to='review.submission')),
                ('product', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='catalog.product')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='identity.seller')),
                ('sent_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='catalog.version')),
            ],
        ),
        migrations.CreateModel(
            name='Replay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.BigIntegerField()),
                ('passed', models.BooleanField()),
                ('ended_at', models.DateTimeField()),
                ('by', models.CharField(blank=True, default='', max_length=254)),
                ('cases', models.JSONField(default=list)),
                ('submission', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='replays', to='review.submission')),
            ],
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(condition=models.Q(('product__isnull', False), ('status__in', ['checking', 'pending'])), fields=('product',), name='submission_open_product'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(condition=models.Q(('product__isnull', False), ('status', 'draft')), fields=('product', 'kind'), name='submission_draft_product'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['seller', '-id'], name='submission_seller'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['due_at', 'id'], name='submission_due'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(fields=['seller', 'sent_at'], name='submission_sent'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('status', 'checking')), fields=['-id'], name='submission_checking'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('status__in', ['approved', 'rejected'])), fields=['-id'], name='submission_decided'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('status__in', ['failed', 'withdrawn'])), fields=['-id'], name='submission_ended'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(condition=models.Q(('product__isnull', True), ('status__in', ['checking', 'pending'])), fields=('seller', 'kind', 'about'), name='submission_open_kind'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(condition=models.Q(('product__isnull', True), ('status', 'draft')), fields=('seller', 'kind', 'about'), name='submission_draft_kind'),
        ),
        migrations.AddConstraint(
            model_name='replay',
            constraint=models.UniqueConstraint(fields=('submission', 'job'), name='review_replay_once'),
        ),
    ]
