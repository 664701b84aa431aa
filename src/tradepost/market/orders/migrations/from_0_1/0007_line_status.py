"""A line knows the status of its order, so that a seller's list is narrowed by an index."""

from django.conf import settings
from django.db import migrations, models

from tradepost.market.base.schema import without_own_index


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_metered_offers'),
        ('identity', '0002_the_few_users'),
        ('orders', '0006_sales_days_and_tails'),
        ('subscriptions', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='orderline',
            name='status',
            field=models.CharField(choices=[('unpaid', 'Pending payment'), ('processing', 'Processing'), ('completed', 'Completed'), ('cancelled', 'Cancelled'), ('refunded', 'Refunded')], default='unpaid', max_length=16),
        ),
        migrations.RunSQL(
            "UPDATE orders_orderline SET status = (SELECT status FROM orders_order WHERE id = orders_orderline.order_id)",
            migrations.RunSQL.noop,
            elidable=True,
        ),
        migrations.AddIndex(
            model_name='orderline',
            index=models.Index(fields=['seller', 'status', '-id'], name='line_seller_status'),
        ),
        # Indexes that begin with the same column serve; each more costs every new row.
        without_own_index(
            'orders_order',
            'buyer_id',
            migrations.AlterField(
                model_name='order',
                name='buyer',
                field=models.ForeignKey(
                    db_index=False, on_delete=models.deletion.PROTECT, related_name='orders', to=settings.AUTH_USER_MODEL
                ),
            ),
        ),
        without_own_index(
            'orders_orderline',
            'seller_id',
            migrations.AlterField(
                model_name='orderline',
                name='seller',
                field=models.ForeignKey(
                    db_index=False, on_delete=models.deletion.PROTECT, related_name='order_lines', to='identity.seller'
                ),
            ),
        ),
    ]
