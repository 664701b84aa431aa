"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('billing', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('orders', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('company', 'Company'), ('person', 'Person')], max_length=8)),
                ('name', models.CharField(max_length=100)),
                ('tax_number', models.CharField(blank=True, default='', max_length=18)),
                ('company_address', models.CharField(blank=True, default='', max_length=200)),
                ('company_phone', models.CharField(blank=True, default='', max_length=32)),
                ('bank', models.CharField(blank=True, default='', max_length=100)),
                ('bank_account', models.CharField(blank=True, default='', max_length=40)),
                ('number', models.CharField(max_length=32, unique=True)),
                ('status', models.CharField(choices=[('review', 'To be reviewed'), ('to_issue', 'To be issued'), ('done', 'Issued'), ('returned', 'Taken back'), ('rejected', 'Refused'), ('cancelled', 'Cancelled')], default='review', max_length=16)),
                ('invoice_type', models.CharField(choices=[('general_digital', 'General VAT invoice, fully digital'), ('general_electronic', 'General VAT invoice, electronic'), ('general_paper', 'General VAT invoice, on paper'), ('special_digital', 'Special VAT invoice, fully digital'), ('special_electronic', 'Special VAT invoice, electronic'), ('special_paper', 'Special VAT invoice, on paper')], max_length=24)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('receiver_email', models.EmailField(blank=True, default='', max_length=254)),
                ('receiver_name', models.CharField(blank=True, default='', max_length=60)),
                ('receiver_phone', models.CharField(blank=True, default='', max_length=32)),
                ('receiver_address', models.CharField(blank=True, default='', max_length=200)),
                ('remark', models.CharField(blank=True, default='', max_length=200)),
                ('applied_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(default=None, null=True)),
                ('late', models.BooleanField(default=False)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('wish', models.CharField(blank=True, choices=[('correct', 'Correct the invoice'), ('return', 'Return the invoice')], default='', max_length=8)),
                ('wish_reason', models.CharField(blank=True, default='', max_length=500)),
                ('wished_at', models.DateTimeField(default=None, null=True)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to=settings.AUTH_USER_MODEL)),
                ('payer', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='fee_invoices', to='identity.seller')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='InvoiceItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=80)),
                ('minor', models.BigIntegerField()),
                ('live', models.BooleanField(default=True)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='invoices.invoice')),
                ('line', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoice_items', to='orders.orderline')),
                ('usage', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoice_items', to='billing.usagemonth')),
            ],
        ),
        migrations.CreateModel(
            name='InvoiceTitle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('company', 'Company'), ('person', 'Person')], max_length=8)),
                ('name', models.CharField(max_length=100)),
                ('tax_number', models.CharField(blank=True, default='', max_length=18)),
                ('company_address', models.CharField(blank=True, default='', max_length=200)),
                ('company_phone', models.CharField(blank=True, default='', max_length=32)),
                ('bank', models.CharField(blank=True, default='', max_length=100)),
                ('bank_account', models.CharField(blank=True, default='', max_length=40)),
                ('created_at', models.DateTimeField()),
                ('buyer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='invoice_titles', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='IssuedInvoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20)),
                ('file_format', models.CharField(blank=True, choices=[('pdf', 'PDF'), ('ofd', 'OFD')], default='', max_length=3)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('file_name', models.CharField(blank=True, default='', max_length=120)),
                ('file_bytes', models.PositiveIntegerField(default=0)),
                ('carrier', models.CharField(blank=True, default='', max_length=60)),
                ('parcel', models.CharField(blank=True, default='', max_length=40)),
                ('issued_at', models.DateTimeField()),
                ('issued_by', models.CharField(max_length=254)),
                ('red_letter', models.CharField(blank=True, default='', max_length=40)),
                ('withdrawn_at', models.DateTimeField(default=None, null=True)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='issues', to='invoices.invoice')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='ExplanationLetter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=32, unique=True)),
                ('code', models.CharField(max_length=32, unique=True)),
                ('made_at', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('issued', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='letters', to='invoices.issuedinvoice')),
            ],
        ),
        migrations.CreateModel(
            name='OfferedType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('invoice_type', models.CharField(choices=[('general_digital', 'General VAT invoice, fully digital'), ('general_electronic', 'General VAT invoice, electronic'), ('general_paper', 'General VAT invoice, on paper'), ('special_digital', 'Special VAT invoice, fully digital'), ('special_electronic', 'Special VAT invoice, electronic'), ('special_paper', 'Special VAT invoice, on paper')], max_length=24)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='invoice_types', to='identity.seller')),
            ],
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['buyer', '-id'], name='invoice_buyer'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['buyer', 'status', '-id'], name='invoice_buyer_status'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['seller', '-id'], name='invoice_seller'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['seller', 'status', '-id'], name='invoice_seller_status'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['seller', 'due_at'], name='invoice_seller_due'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('late', True)), fields=['due_at', 'id'], name='invoice_late'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['status', '-id'], name='invoice_status'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('payer__isnull', False)), fields=['payer', '-id'], name='invoice_payer'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='invoice_not_of_nothing'),
        ),
        migrations.AddConstraint(
            model_name='invoiceitem',
            constraint=models.UniqueConstraint(condition=models.Q(('live', True)), fields=('source',), name='invoice_source_once'),
        ),
        migrations.AddConstraint(
            model_name='invoiceitem',
            constraint=models.CheckConstraint(condition=models.Q(('minor__gt', 0), models.Q(('line', None), ('minor__lt', 0), ('usage', None)), _connector='OR'), name='invoice_item_not_of_nothing'),
        ),
        migrations.AddConstraint(
            model_name='invoiceitem',
            constraint=models.CheckConstraint(condition=models.Q(('line', None), ('usage', None), _connector='OR'), name='invoice_item_of_one_source'),
        ),
        migrations.AddConstraint(
            model_name='invoicetitle',
            constraint=models.UniqueConstraint(fields=('buyer', 'kind', 'name', 'tax_number'), name='invoice_title_once'),
        ),
        migrations.AddConstraint(
            model_name='issuedinvoice',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at__isnull', True)), fields=('invoice',), name='invoice_issued_once'),
        ),
        migrations.AddIndex(
            model_name='issuedinvoice',
            index=models.Index(condition=models.Q(('sha256', ''), _negated=True), fields=['sha256'], name='issued_invoice_file'),
        ),
        migrations.AddConstraint(
            model_name='issuedinvoice',
            constraint=models.UniqueConstraint(fields=('seller', 'number'), name='invoice_number_once'),
        ),
        migrations.AddIndex(
            model_name='explanationletter',
            index=models.Index(fields=['issued', '-until'], name='letter_of_invoice'),
        ),
        migrations.AddConstraint(
            model_name='offeredtype',
            constraint=models.UniqueConstraint(fields=('seller', 'invoice_type'), name='offered_type_once'),
        ),
    ]
