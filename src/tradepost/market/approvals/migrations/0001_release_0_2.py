"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Limit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('minor', models.PositiveBigIntegerField()),
                ('reason', models.CharField(max_length=200)),
                ('set_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Request',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(max_length=32)),
                ('title', models.CharField(max_length=100)),
                ('command', models.JSONField()),
                ('key', models.CharField(max_length=120)),
                ('about', models.CharField(max_length=200)),
                ('amount_minor', models.BigIntegerField(default=None, null=True)),
                ('currency', models.CharField(blank=True, default='', max_length=3)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('status', models.CharField(choices=[('waiting', 'Waiting for approval'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired')], default='waiting', max_length=16)),
                ('asked_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('opinion', models.CharField(blank=True, default='', max_length=500)),
                ('problem', models.CharField(blank=True, default='', max_length=500)),
            ],
        ),
    ]
