"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Accumulation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.DateTimeField()),
                ('quantity', models.BigIntegerField(default=0)),
                ('exact', models.DecimalField(decimal_places=12, default=0, max_digits=38)),
                ('charged_minor', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Allocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minor', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Arrears',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('status', models.CharField(choices=[('grace', 'Usable until the grace period ends'), ('frozen', 'Frozen'), ('released', 'Deleted'), ('paid', 'Paid')], default='grace', max_length=8)),
                ('level', models.CharField(max_length=2)),
                ('began_at', models.DateTimeField()),
                ('freezes_at', models.DateTimeField()),
                ('releases_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Charge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity_before', models.BigIntegerField()),
                ('quantity_after', models.BigIntegerField()),
                ('exact_after', models.DecimalField(decimal_places=12, max_digits=38)),
                ('deducted', models.BigIntegerField(db_default=0, default=0)),
                ('free', models.BigIntegerField(db_default=0, default=0)),
                ('minor', models.BigIntegerField()),
                ('open_minor', models.PositiveBigIntegerField(default=0)),
                ('waiting_minor', models.PositiveBigIntegerField(db_default=0, default=0)),
                ('currency', models.CharField(max_length=3)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='PackageAlert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(choices=[('percent', 'percent of the package'), ('amount', 'an amount')], max_length=8)),
                ('threshold', models.BigIntegerField()),
                ('repurchases_left', models.PositiveSmallIntegerField(default=0)),
                ('changed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ProductHour',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unit', models.CharField(max_length=32)),
                ('unit_en', models.CharField(max_length=32)),
                ('currency', models.CharField(max_length=3)),
                ('hour', models.DateTimeField()),
                ('quantity', models.BigIntegerField()),
                ('minor', models.BigIntegerField()),
            ],
        ),
    ]
