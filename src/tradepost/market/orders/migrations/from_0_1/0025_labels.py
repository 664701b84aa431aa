"""Negotiated refunds are called so: an operator may decide them against the seller."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0024_earlier_delivery_refunds'),
    ]

    operations = [
        migrations.AlterField(
            model_name='refund',
            name='kind',
            field=models.CharField(choices=[('cancel_renewal', 'Renewal taken back before it began'), ('no_reason', 'Unsubscribed without a reason'), ('unused', 'What was left of the paid time'), ('end', 'Pay-per-use service ended'), ('negotiated', 'Negotiated refund')], max_length=16),
        ),
    ]
