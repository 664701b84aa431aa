"""Tokens of an enterprise's directory, and what it calls people and groups."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0005_second_step'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DirectoryToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('begins', models.CharField(max_length=12)),
                ('made_by_text', models.CharField(max_length=255)),
                ('made_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.AddField(
            model_name='group',
            name='external_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=255),
        ),
        migrations.AddField(
            model_name='member',
            name='external_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=255),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(fields=['enterprise', 'external_id'], name='enterprise_member_external'),
        ),
        migrations.AddField(
            model_name='directorytoken',
            name='enterprise',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='directory_tokens', to='organisations.enterprise'),
        ),
        migrations.AddField(
            model_name='directorytoken',
            name='made_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
    ]
