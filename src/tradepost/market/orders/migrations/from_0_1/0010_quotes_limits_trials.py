"""Quotes that orders used, what a buyer has used of limits and trials, and how the price of a line came about."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0004_first_versions'),
        ('orders', '0009_line_version'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='orderline',
            name='price_lines',
            field=models.JSONField(default=None, null=True),
        ),
        migrations.AddField(
            model_name='orderline',
            name='stock_taken',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name='Quote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=32)),
                ('quantity', models.PositiveIntegerField()),
                ('periods', models.PositiveIntegerField()),
                ('total_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('lines', models.JSONField()),
                ('made_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField()),
                ('offer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.offer')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='quote', to='orders.order')),
                ('version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.version')),
            ],
        ),
        migrations.CreateModel(
            name='LimitUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('used', models.PositiveIntegerField(default=0)),
                ('buyer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('limit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='uses', to='catalog.purchaselimit')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('limit', 'buyer'), name='limit_use_once')],
            },
        ),
        migrations.CreateModel(
            name='TrialUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='trial_use', to='orders.order')),
                ('spec', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.spec')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('buyer', 'spec'), name='trial_use_once')],
            },
        ),
    ]
