"""Tables of 0.2.0."""

import django.db.models.deletion
import django.db.models.functions.text
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DeliveryDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True)),
                ('delivered', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='AutoRenewal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ends_at', models.DateTimeField()),
                ('next_at', models.DateTimeField(default=None, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('tried_at', models.DateTimeField(default=None, null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=64)),
                ('subscription', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='auto_renewal', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=64, unique=True)),
                ('order_type', models.CharField(choices=[('NEW', 'New purchase'), ('TRIAL', 'Trial'), ('TRIAL_TO_FORMAL', 'Trial to formal'), ('RENEW', 'Renewal'), ('CHANGE', 'Change'), ('UNSUBSCRIBE', 'Unsubscription')], max_length=16)),
                ('status', models.CharField(choices=[('unpaid', 'Pending payment'), ('processing', 'Processing'), ('completed', 'Completed'), ('cancelled', 'Cancelled'), ('refunded', 'Refunded')], default='unpaid', max_length=16)),
                ('origin', models.CharField(choices=[('buyer', 'Buyer'), ('timer', 'Automatic renewal'), ('sandbox', 'Try-out in the sandbox')], db_default='buyer', default='buyer', max_length=8)),
                ('total_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('placed_at', models.DateTimeField()),
                ('pay_before', models.DateTimeField()),
                ('paid_at', models.DateTimeField(default=None, null=True)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('undelivered_at', models.DateTimeField(default=None, null=True)),
                ('idempotency_key', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='OrderLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=64, unique=True)),
                ('charging_mode', models.CharField(max_length=16)),
                ('period_type', models.CharField(blank=True, max_length=8)),
                ('period_number', models.PositiveIntegerField(default=0)),
                ('quantity', models.PositiveIntegerField(default=1)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('list_minor', models.PositiveBigIntegerField(db_default=0, default=0)),
                ('price_lines', models.JSONField(default=None, null=True)),
                ('change_terms', models.JSONField(default=None, null=True)),
                ('stock_taken', models.PositiveIntegerField(db_default=0, default=0)),
                ('until', models.DateTimeField(default=None, null=True)),
                ('auto_period_type', models.CharField(blank=True, db_default='', default='', max_length=8)),
                ('auto_periods', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('status', models.CharField(choices=[('unpaid', 'Pending payment'), ('processing', 'Processing'), ('completed', 'Completed'), ('cancelled', 'Cancelled'), ('refunded', 'Refunded')], default='unpaid', max_length=16)),
                ('reduced_minor', models.PositiveBigIntegerField(db_default=0, default=0)),
                ('invoiced_minor', models.PositiveBigIntegerField(db_default=0, default=0)),
                ('flow', models.CharField(blank=True, db_default='', default='', max_length=32)),
                ('for_server', models.BigIntegerField(default=None, null=True)),
                ('usage_unit', models.CharField(blank=True, db_default='', default='', max_length=32)),
                ('usage_unit_en', models.CharField(blank=True, db_default='', default='', max_length=32)),
                ('usage_price', models.DecimalField(db_default=Decimal('0'), decimal_places=8, default=Decimal('0'), max_digits=16)),
                ('quota', models.DecimalField(db_default=Decimal('0'), decimal_places=4, default=Decimal('0'), max_digits=16)),
                ('sku_code', models.CharField(max_length=64)),
                ('linear', models.BooleanField(default=False)),
                ('product_name', models.CharField(max_length=64)),
                ('product_name_en', models.CharField(max_length=64)),
                ('spec_name', models.CharField(max_length=64)),
                ('spec_name_en', models.CharField(max_length=64)),
                ('values', models.JSONField(default=list)),
                ('extend_params', models.JSONField(default=list)),
                ('agreed_at', models.DateTimeField()),
                ('agreed_pay_minutes', models.PositiveIntegerField(db_default=0, default=0)),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='order_lines', to=settings.AUTH_USER_MODEL)),
                ('buyer_agreement', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.agreement')),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='catalog.offer')),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='orders.order')),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='catalog.product')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='order_lines', to='identity.seller')),
                ('service_agreement', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.agreement')),
                ('subscription', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='order_lines', to='subscriptions.subscription')),
                ('version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.version')),
            ],
        ),
        migrations.CreateModel(
            name='DeliveryRefund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('undelivered', 'Order not delivered'), ('ended', 'Delivery ended before completion'), ('reduced', 'Price reduced before acceptance'), ('returned', 'Code returned'), ('unbegun', 'Paid period that did not begin')], max_length=16)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('reference', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='delivery_refunds', to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='delivery_refunds', to='identity.seller')),
                ('line', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='delivery_refunds', to='orders.orderline')),
            ],
        ),
        migrations.CreateModel(
            name='ProductDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('lines', models.PositiveBigIntegerField()),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product')),
            ],
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
            name='Refund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('cancel_renewal', 'Renewal cancelled before it started'), ('no_reason', 'Unsubscribed without a reason'), ('unused', 'Remaining paid period'), ('end', 'Pay-per-use service ended'), ('negotiated', 'Negotiated refund')], max_length=16)),
                ('status', models.CharField(choices=[('seller_review', "Seller's answer pending"), ('appealed', "Operator's decision pending"), ('approved', 'Agreed'), ('refunded', 'Refunded'), ('rejected', 'Refused'), ('withdrawn', 'Withdrawn')], max_length=16)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('unbegun_minor', models.PositiveBigIntegerField(default=0)),
                ('currency', models.CharField(max_length=3)),
                ('requested_at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, default='', max_length=1000)),
                ('shows_phone', models.BooleanField(default=False)),
                ('contact_at', models.DateTimeField(default=None, null=True)),
                ('appeal_at', models.DateTimeField(default=None, null=True)),
                ('appealed_at', models.DateTimeField(default=None, null=True)),
                ('appeal', models.CharField(blank=True, default='', max_length=1000)),
                ('opinion', models.CharField(blank=True, default='', max_length=1000)),
                ('decided_at', models.DateTimeField(default=None, null=True)),
                ('decided_by', models.CharField(blank=True, default='', max_length=254)),
                ('by_operator', models.BooleanField(default=False)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to=settings.AUTH_USER_MODEL)),
                ('order', models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refund', to='orders.order')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='identity.seller')),
                ('subscription', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='RefundLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('paid_minor', models.PositiveBigIntegerField()),
                ('back_minor', models.PositiveBigIntegerField()),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refund_lines', to='orders.orderline')),
                ('refund', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='orders.refund')),
            ],
        ),
        migrations.CreateModel(
            name='SalesDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('part', models.PositiveSmallIntegerField()),
                ('lines', models.PositiveBigIntegerField()),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sales_days', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='TrialUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='trial_use', to='orders.order')),
                ('spec', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.spec')),
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
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(condition=models.Q(('idempotency_key', ''), _negated=True), fields=('buyer', 'idempotency_key'), name='order_idempotency_key'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['buyer', '-id'], name='order_buyer'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['status', '-id'], name='order_status'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(django.db.models.functions.text.Substr('number', 14), name='order_ending'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('undelivered_at__isnull', False)), fields=['undelivered_at'], name='order_undelivered_at'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('undelivered_at__isnull', False)), fields=['-id'], name='order_undelivered'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['buyer', 'status', '-id'], name='order_buyer_status'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['seller', '-id'], name='line_seller'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['subscription', 'id'], name='line_subscription'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['seller', 'status', '-id'], name='line_seller_status'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(condition=models.Q(('amount_minor__gt', 0), ('invoiced_minor', 0), ('status', 'completed')), fields=['buyer', 'seller', '-id'], name='line_to_invoice'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(condition=models.Q(('for_server__isnull', False)), fields=['for_server', '-id'], name='line_for_server'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(condition=models.Q(('buyer_agreement__isnull', False)), fields=['buyer', '-id'], name='line_agreements'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['buyer', 'product', 'status', '-order'], name='line_buyer_product_status'),
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['product', 'status', '-id'], name='line_product_status'),
        ),
        migrations.AddConstraint(
            model_name='orderline',
            constraint=models.CheckConstraint(condition=models.Q(('reduced_minor__lte', models.F('amount_minor'))), name='line_reduced_within'),
        ),
        migrations.AddIndex(
            model_name='deliveryrefund',
            index=models.Index(fields=['buyer', '-at', '-id'], name='delivery_refund_of_buyer'),
        ),
        migrations.AddIndex(
            model_name='deliveryrefund',
            index=models.Index(fields=['seller', '-at', '-id'], name='delivery_refund_of_seller'),
        ),
        migrations.AddConstraint(
            model_name='deliveryrefund',
            constraint=models.UniqueConstraint(fields=('line', 'reference'), name='delivery_refund_once'),
        ),
        migrations.AddConstraint(
            model_name='deliveryrefund',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='delivery_refund_positive'),
        ),
        migrations.AddIndex(
            model_name='productday',
            index=models.Index(fields=['day'], name='product_day'),
        ),
        migrations.AddConstraint(
            model_name='productday',
            constraint=models.UniqueConstraint(fields=('product', 'day'), name='product_day_once'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['status', '-id'], name='refund_status'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['subscription', '-id'], name='refund_subscription'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(condition=models.Q(('kind', 'no_reason')), fields=['buyer', 'requested_at'], name='refund_no_reason_of_buyer'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['seller_review', 'appealed'])), fields=('subscription',), name='refund_open_once'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['buyer', '-requested_at', '-id'], name='refund_of_buyer'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['seller', '-requested_at', '-id'], name='refund_of_seller'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['buyer', 'status', '-requested_at', '-id'], name='refund_of_buyer_by_status'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['seller', 'status', '-requested_at', '-id'], name='refund_of_seller_by_status'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.UniqueConstraint(fields=('refund', 'line'), name='refund_line_once'),
        ),
        migrations.AddConstraint(
            model_name='refundline',
            constraint=models.CheckConstraint(condition=models.Q(('back_minor__lte', models.F('paid_minor'))), name='refund_line_within'),
        ),
        migrations.AddConstraint(
            model_name='salesday',
            constraint=models.UniqueConstraint(fields=('seller', 'day', 'currency', 'part'), name='sales_day_once'),
        ),
        migrations.AddConstraint(
            model_name='trialuse',
            constraint=models.UniqueConstraint(fields=('buyer', 'spec'), name='trial_use_once'),
        ),
    ]
