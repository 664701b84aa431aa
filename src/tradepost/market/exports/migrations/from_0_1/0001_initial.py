# Files of long lists (issue 27).

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '0016_buyer_keys'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('site', models.CharField(max_length=32)),
                ('listing', models.CharField(max_length=96)),
                ('title', models.CharField(max_length=200)),
                ('path', models.CharField(max_length=400)),
                ('query', models.CharField(blank=True, default='', max_length=1000)),
                ('format', models.CharField(choices=[('csv', 'CSV'), ('xlsx', 'XLSX')], max_length=8)),
                ('language', models.CharField(max_length=16)),
                ('status', models.CharField(choices=[('waiting', 'In progress'), ('done', 'Ready'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='waiting', max_length=16)),
                ('reason', models.CharField(blank=True, default='', max_length=300)),
                ('name', models.CharField(max_length=100)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('size', models.PositiveBigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, db_index=True, default='', max_length=64)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('seller', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-id'], name='export_of_user')],
            },
        ),
    ]
