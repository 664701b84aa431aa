"""Tables of 0.2.0."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('orders', '0001_release_0_2'),
        ('payments', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
    ]

    operations = [
        migrations.CreateModel(
            name='Progress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('through', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=32, unique=True)),
                ('category', models.CharField(choices=[('general', 'General products')], max_length=16)),
                ('currency', models.CharField(max_length=3)),
                ('month', models.DateField()),
                ('status', models.CharField(choices=[('countersign', 'Waiting for agreement'), ('rejected', 'Rejected by the seller'), ('to_apply', 'Agreed to'), ('apply_failed', 'Payment could not be started'), ('paying', 'Payment in progress'), ('payment_wrong', 'Incorrect bank details'), ('refused', 'Payment refused'), ('paid', 'Paid')], default='countersign', max_length=16)),
                ('gross_minor', models.BigIntegerField()),
                ('fee_minor', models.BigIntegerField()),
                ('net_minor', models.PositiveBigIntegerField()),
                ('issued_at', models.DateTimeField()),
                ('sign_by', models.DateTimeField()),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('answer', models.CharField(blank=True, default='', max_length=500)),
                ('signed_at', models.DateTimeField(default=None, null=True)),
                ('holder', models.CharField(blank=True, default='', max_length=128)),
                ('bank', models.CharField(blank=True, default='', max_length=128)),
                ('branch', models.CharField(blank=True, default='', max_length=128)),
                ('sealed_account', models.TextField(blank=True, default='')),
                ('account_hint', models.CharField(blank=True, default='', max_length=16)),
                ('paid_at', models.DateTimeField(default=None, null=True)),
                ('paid', models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.transfer')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='identity.seller')),
                ('settled', models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.transfer')),
            ],
        ),
        migrations.CreateModel(
            name='SettlementItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=80)),
                ('currency', models.CharField(max_length=3)),
                ('minor', models.BigIntegerField()),
                ('paid_month', models.DateField()),
                ('settles_at', models.DateTimeField()),
                ('entry', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.entry')),
                ('line', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('product', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
                ('subscription', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscription')),
                ('statement', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='settlement.statement')),
            ],
        ),
        migrations.CreateModel(
            name='StatementLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=80)),
                ('base_minor', models.BigIntegerField()),
                ('rate', models.DecimalField(decimal_places=4, max_digits=5)),
                ('fee_minor', models.BigIntegerField()),
                ('net_minor', models.BigIntegerField()),
                ('inputs', models.JSONField()),
                ('line', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('product', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product')),
                ('statement', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='settlement.statement')),
                ('subscription', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='FeeRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64)),
                ('product_type', models.CharField(blank=True, default='', max_length=32)),
                ('share', models.DecimalField(decimal_places=4, max_digits=5)),
                ('increments', models.JSONField(default=list)),
                ('starts', models.DateField()),
                ('ends', models.DateField(default=None, null=True)),
                ('created_by', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField()),
                ('ended_by', models.CharField(blank=True, default='', max_length=254)),
                ('seller', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
            ],
            options={
                'constraints': [models.UniqueConstraint(django.db.models.functions.comparison.Coalesce('seller', 0), models.F('product_type'), models.F('starts'), name='fee_rule_once'), models.CheckConstraint(condition=models.Q(('share__gt', 0), ('share__lte', 1)), name='fee_rule_share')],
            },
        ),
        migrations.CreateModel(
            name='OpenSum',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('earned_minor', models.BigIntegerField()),
                ('refunded_minor', models.BigIntegerField()),
                ('items', models.BigIntegerField()),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('seller', 'currency'), name='open_sum_once')],
            },
        ),
        migrations.CreateModel(
            name='PaidMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('month', models.DateField()),
                ('minor', models.PositiveBigIntegerField()),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('product', 'currency', 'month'), name='paid_month_once')],
            },
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['seller', '-id'], name='statement_seller'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['seller', 'status', '-id'], name='statement_seller_status'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(fields=['status', '-id'], name='statement_status'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(condition=models.Q(('status__in', ['rejected', 'to_apply', 'apply_failed', 'paying', 'refused'])), fields=['id'], name='statement_waiting'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(fields=('seller', 'category', 'currency', 'month'), name='statement_once'),
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('gross_minor', django.db.models.expressions.CombinedExpression(models.F('fee_minor'), '+', models.F('net_minor'))), ('net_minor__gt', 0)), name='statement_sums'),
        ),
        migrations.AddIndex(
            model_name='settlementitem',
            index=models.Index(condition=models.Q(('statement', None)), fields=['seller', 'currency', 'settles_at'], name='settlement_item_open'),
        ),
        migrations.AddIndex(
            model_name='settlementitem',
            index=models.Index(condition=models.Q(('statement', None)), fields=['seller', '-id'], name='settlement_item_latest'),
        ),
        migrations.AddIndex(
            model_name='settlementitem',
            index=models.Index(fields=['statement', 'id'], name='settlement_item_statement'),
        ),
        migrations.AddConstraint(
            model_name='settlementitem',
            constraint=models.UniqueConstraint(fields=('entry', 'source'), name='settlement_item_once'),
        ),
        migrations.AddConstraint(
            model_name='settlementitem',
            constraint=models.CheckConstraint(condition=models.Q(('minor', 0), _negated=True), name='settlement_item_not_of_nothing'),
        ),
        migrations.AddIndex(
            model_name='statementline',
            index=models.Index(fields=['statement', 'id'], name='statement_line'),
        ),
        migrations.AddConstraint(
            model_name='statementline',
            constraint=models.UniqueConstraint(fields=('source', 'statement'), name='statement_line_once'),
        ),
        migrations.AddConstraint(
            model_name='statementline',
            constraint=models.CheckConstraint(condition=models.Q(('base_minor', django.db.models.expressions.CombinedExpression(models.F('fee_minor'), '+', models.F('net_minor')))), name='statement_line_sums'),
        ),
    ]
