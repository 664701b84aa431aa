"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='ApiTrial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('event', ''), ('query', ''), ('text', ''), ('file', '')], max_length=8)),
                ('about', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('file_name', models.CharField(blank=True, default='', max_length=1024)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('size', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='DebugCase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('activity', models.CharField(max_length=32)),
                ('variant', models.CharField(blank=True, default='', max_length=32)),
                ('kind', models.CharField(max_length=32)),
                ('command', models.JSONField()),
                ('values', models.JSONField(default=dict)),
                ('url', models.CharField(max_length=512)),
                ('key_id', models.CharField(max_length=32)),
                ('saved_at', models.DateTimeField()),
                ('saved_by', models.CharField(max_length=128)),
                ('tried_at', models.DateTimeField()),
                ('passed', models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name='DebugRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('activity', models.CharField(max_length=32)),
                ('variant', models.CharField(blank=True, default='', max_length=32)),
                ('values', models.JSONField(default=dict)),
                ('url', models.CharField(max_length=512)),
                ('key_id', models.CharField(max_length=32)),
                ('actor', models.CharField(max_length=128)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('passed', models.BooleanField(default=None, null=True)),
            ],
        ),
    ]
