"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='SandboxServer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=64)),
                ('size', models.CharField(max_length=64)),
                ('image', models.CharField(max_length=128)),
                ('running', models.BooleanField(default=True)),
                ('deleted', models.BooleanField(default=False)),
                ('fault', models.CharField(blank=True, choices=[('', 'Works'), ('broken', 'Runs, but is not healthy'), ('refuses', 'Rejects all requests')], default='', max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name='Server',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64)),
                ('size', models.CharField(max_length=64)),
                ('cloud', models.CharField(max_length=128)),
                ('status', models.CharField(choices=[('creating', 'Creating'), ('running', 'Running'), ('broken', 'Running with a fault'), ('stopped', 'Stopped'), ('released', 'Released'), ('failed', 'Creation failed')], default='creating', max_length=8)),
                ('provider_id', models.CharField(blank=True, default='', max_length=128)),
                ('address', models.CharField(blank=True, default='', max_length=255)),
                ('sealed_login', models.TextField(blank=True, default='')),
                ('wants_running', models.BooleanField(default=True)),
                ('counted_until', models.DateTimeField(default=None, null=True)),
                ('counting', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Span',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField()),
                ('to_at', models.DateTimeField(default=None, null=True)),
                ('healthy', models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('create', 'create'), ('start', 'start'), ('stop', 'stop'), ('resume', 'resume'), ('replace', 'replace'), ('release', 'release')], max_length=8)),
                ('wanted', models.JSONField(default=dict)),
                ('sealed_login', models.TextField(blank=True, default='')),
                ('owner', models.BigIntegerField(default=None, null=True)),
                ('actor', models.CharField(blank=True, default='', max_length=254)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('gave_up', 'Given up')], default='waiting', max_length=8)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True, default='')),
                ('fault', models.CharField(blank=True, default='', max_length=12)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='OrphanServer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cloud', models.CharField(max_length=128)),
                ('provider_id', models.CharField(max_length=128)),
                ('token', models.CharField(blank=True, default='', max_length=64)),
                ('order', models.CharField(blank=True, default='', max_length=64)),
                ('name', models.CharField(blank=True, default='', max_length=128)),
                ('status', models.CharField(choices=[('found', 'Found'), ('kept', 'Kept'), ('deleting', 'Deleting'), ('released', 'Deleted'), ('settled', 'Settled')], default='found', max_length=8)),
                ('error', models.TextField(blank=True, default='')),
                ('found_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['-id'], name='orphan_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('cloud', 'provider_id'), name='orphan_open_once')],
            },
        ),
    ]
