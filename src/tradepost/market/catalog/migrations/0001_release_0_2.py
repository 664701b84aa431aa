"""Tables of 0.2.0."""

import tradepost.market.catalog.price_models
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='AttributeTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=32)),
                ('name', models.CharField(max_length=64)),
                ('name_en', models.CharField(max_length=64)),
                ('kind', models.CharField(choices=[('enum', 'Choice'), ('number', 'Number')], max_length=8)),
                ('values', models.JSONField(default=list)),
                ('least', models.PositiveIntegerField(default=None, null=True)),
                ('most', models.PositiveIntegerField(default=None, null=True)),
                ('step', models.PositiveIntegerField(default=None, null=True)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(unique=True)),
                ('name', models.CharField(max_length=64)),
                ('name_en', models.CharField(max_length=64)),
                ('icon', models.CharField(default='package', max_length=64)),
                ('position', models.PositiveIntegerField(default=0)),
                ('hidden', models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Factor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=64)),
                ('unit', models.CharField(max_length=32)),
                ('unit_en', models.CharField(max_length=32)),
                ('cycle', models.CharField(max_length=8)),
                ('accumulation', models.CharField(blank=True, default='', max_length=8)),
                ('model', models.CharField(choices=[('linear', 'linear'), ('tier', 'tier'), ('step', 'step')], default=tradepost.market.catalog.price_models.PriceModel['LINEAR'], max_length=8)),
                ('price', models.DecimalField(decimal_places=8, max_digits=16)),
                ('bands', models.JSONField(default=list)),
                ('position', models.PositiveIntegerField(default=0)),
                ('removed', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product_id', models.CharField(max_length=64, unique=True)),
                ('charging_mode', models.CharField(choices=[('PERIOD', 'PERIOD'), ('ONE_TIME', 'ONE_TIME'), ('ON_DEMAND', 'ON_DEMAND'), ('ON_DEMAND_PKG', 'ON_DEMAND_PKG')], max_length=16)),
                ('period_type', models.CharField(blank=True, choices=[('', 'once'), ('day', 'day'), ('month', 'month'), ('year', 'year')], max_length=8)),
                ('price_minor', models.PositiveBigIntegerField()),
                ('model', models.CharField(choices=[('linear', 'linear'), ('tier', 'tier'), ('step', 'step')], db_default=tradepost.market.catalog.price_models.PriceModel['LINEAR'], default=tradepost.market.catalog.price_models.PriceModel['LINEAR'], max_length=8)),
                ('bands', models.JSONField(default=list)),
                ('trial', models.BooleanField(db_default=False, default=False)),
                ('currency', models.CharField(max_length=3)),
                ('period_numbers', models.JSONField(default=list)),
                ('usage_unit', models.CharField(blank=True, db_default='', default='', max_length=32)),
                ('usage_unit_en', models.CharField(blank=True, db_default='', default='', max_length=32)),
                ('usage_price', models.DecimalField(db_default=Decimal('0'), decimal_places=8, default=Decimal('0'), max_digits=16)),
                ('quota', models.DecimalField(db_default=Decimal('0'), decimal_places=4, default=Decimal('0'), max_digits=16)),
                ('reset_rule', models.CharField(blank=True, db_default='', default='', max_length=8)),
                ('stops_when_used_up', models.BooleanField(db_default=False, default=False)),
                ('stopped_at', models.DateTimeField(default=None, null=True)),
                ('on_sale', models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product_type', models.CharField(max_length=32)),
                ('slug', models.SlugField(max_length=96, unique=True)),
                ('name', models.CharField(max_length=64)),
                ('name_en', models.CharField(max_length=64)),
                ('summary', models.CharField(max_length=200)),
                ('summary_en', models.CharField(max_length=200)),
                ('description', models.TextField()),
                ('description_en', models.TextField()),
                ('guide', models.TextField(blank=True)),
                ('guide_en', models.TextField(blank=True)),
                ('picture', models.TextField(blank=True)),
                ('contact_email', models.EmailField(blank=True, max_length=254)),
                ('contact_phone', models.CharField(blank=True, max_length=32)),
                ('extend_params', models.JSONField(default=list)),
                ('flow', models.CharField(blank=True, db_default='', default='', max_length=32)),
                ('asks_mobile', models.BooleanField(default=False)),
                ('asks_email', models.BooleanField(default=False)),
                ('asks_user', models.BooleanField(db_default=False, default=False)),
                ('access_by_message', models.BooleanField(default=False)),
                ('logo', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('on_sale', 'On sale'), ('frozen', 'Sales suspended'), ('stopped', 'Sales stopped')], default='draft', max_length=16)),
                ('hidden', models.BooleanField(db_default=False, default=False)),
                ('listed_at', models.DateTimeField(default=None, null=True)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ProductGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('granted_by', models.CharField(max_length=254)),
                ('granted_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='PurchaseLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('spec_key', models.CharField(blank=True, default='', max_length=32)),
                ('maximum', models.PositiveIntegerField()),
                ('until_expiry', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='SalesTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('spec_key', models.CharField(blank=True, default='', max_length=32)),
                ('audience', models.CharField(choices=[('companies', 'Companies'), ('people', 'Individuals'), ('listed', 'Listed buyers'), ('holders', 'Buyers of another product')], max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name='Sku',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=64, unique=True)),
                ('values', models.JSONField(default=dict)),
                ('quantity_name', models.CharField(blank=True, max_length=32)),
                ('quantity_name_en', models.CharField(blank=True, max_length=32)),
                ('quantity_min', models.PositiveIntegerField(default=1)),
                ('quantity_max', models.PositiveIntegerField(default=1)),
                ('quantity_step', models.PositiveIntegerField(default=1)),
                ('quantity_parameter', models.CharField(db_default='amount', default='amount', max_length=16)),
                ('stopped_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Spec',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=32)),
                ('name', models.CharField(max_length=64)),
                ('name_en', models.CharField(max_length=64)),
                ('attributes', models.JSONField(default=list)),
                ('position', models.PositiveIntegerField(default=0)),
                ('hidden', models.BooleanField(db_default=False, default=False)),
                ('stopped_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Synonym',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=32)),
                ('key', models.CharField(max_length=64, unique=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='SynonymGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='TargetBuyer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('customer_id', models.CharField(max_length=32)),
                ('email', models.EmailField(max_length=254)),
            ],
        ),
        migrations.CreateModel(
            name='UpgradeRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField()),
                ('lapsed_at', models.DateTimeField(default=None, null=True)),
                ('why', models.CharField(blank=True, default='', max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name='Version',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('document', models.JSONField()),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('revision', models.PositiveIntegerField(default=0)),
                ('revisions', models.JSONField(default=dict)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('sealed', 'Submitted'), ('listed', 'Listed'), ('retired', 'Replaced'), ('dropped', 'Not listed')], default='draft', max_length=16)),
                ('created_at', models.DateTimeField()),
                ('saved_at', models.DateTimeField()),
                ('sealed_at', models.DateTimeField(default=None, null=True)),
                ('listed_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
    ]
