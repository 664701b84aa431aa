"""Months of usage on invoices."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0006_usage_months'),
        ('invoices', '0003_explanation_letters'),
        ('orders', '0019_reduced_and_supervised_lines'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='invoiceitem',
            name='invoice_item_not_of_nothing',
        ),
        migrations.AddField(
            model_name='invoiceitem',
            name='usage',
            field=models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoice_items', to='billing.usagemonth'),
        ),
        migrations.AddConstraint(
            model_name='invoiceitem',
            constraint=models.CheckConstraint(condition=models.Q(('minor__gt', 0), models.Q(('line', None), ('minor__lt', 0), ('usage', None)), _connector='OR'), name='invoice_item_not_of_nothing'),
        ),
        migrations.AddConstraint(
            model_name='invoiceitem',
            constraint=models.CheckConstraint(condition=models.Q(('line', None), ('usage', None), _connector='OR'), name='invoice_item_of_one_source'),
        ),
    ]
