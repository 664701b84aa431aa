"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='WebScan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('running', 'Being checked'), ('done', 'Checked'), ('unreached', 'Site not reached'), ('broken', 'Interrupted'), ('cancelled', 'Stopped')], default='running', max_length=10)),
                ('url', models.CharField(max_length=512)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('requests', models.PositiveIntegerField(default=0)),
                ('not_tested', models.JSONField(default=list)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='WebFinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=64)),
                ('severity', models.CharField(choices=[('high', 'high'), ('medium', 'medium'), ('low', 'low'), ('info', 'info')], max_length=8)),
                ('where', models.CharField(max_length=512)),
                ('evidence', models.JSONField(default=list)),
                ('fingerprint', models.CharField(max_length=64)),
                ('scan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='findings', to='web_scan.webscan')),
            ],
        ),
        migrations.CreateModel(
            name='WebTask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=512, verbose_name='Address')),
                ('place', models.CharField(max_length=270)),
                ('contact_name', models.CharField(max_length=64, verbose_name='Contact')),
                ('contact_mobile', models.CharField(max_length=32, verbose_name='Mobile')),
                ('contact_email', models.EmailField(max_length=254, verbose_name='E-mail')),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('domain', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='web_tasks', to='identity.domain')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='web_tasks', to='identity.seller')),
            ],
        ),
        migrations.AddField(
            model_name='webscan',
            name='task',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='scans', to='web_scan.webtask'),
        ),
        migrations.CreateModel(
            name='FalsePositive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(max_length=270)),
                ('code', models.CharField(max_length=64)),
                ('fingerprint', models.CharField(max_length=64)),
                ('submission', models.BigIntegerField()),
                ('by', models.CharField(max_length=254)),
                ('accepted_at', models.DateTimeField()),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('seller', 'place', 'fingerprint'), name='web_false_positive_once')],
            },
        ),
        migrations.CreateModel(
            name='ScanUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.CharField(max_length=64)),
                ('scan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='web_scan.webscan')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('owner', 'scan'), name='web_scan_use_once')],
            },
        ),
        migrations.AddIndex(
            model_name='webtask',
            index=models.Index(fields=['place'], name='web_task_place'),
        ),
        migrations.AddConstraint(
            model_name='webtask',
            constraint=models.UniqueConstraint(fields=('seller', 'url'), name='web_task_once'),
        ),
        migrations.AddIndex(
            model_name='webscan',
            index=models.Index(fields=['task', '-id'], name='web_scan_task'),
        ),
        migrations.AddIndex(
            model_name='webscan',
            index=models.Index(fields=['seller', 'started_at'], name='web_scan_seller'),
        ),
        migrations.AddConstraint(
            model_name='webscan',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'running')), fields=('task',), name='web_scan_one_runs'),
        ),
        migrations.AddIndex(
            model_name='webscan',
            index=models.Index(fields=['task', 'status', '-id'], name='web_scan_task_status'),
        ),
        migrations.AddIndex(
            model_name='webscan',
            index=models.Index(fields=['status', '-id'], name='web_scan_status'),
        ),
    ]
