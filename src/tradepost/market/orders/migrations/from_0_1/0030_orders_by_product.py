"""Find the newest orders of a product in each state: a search by its name read all orders of the buyer or the seller."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_sales_suspended"),
        ("orders", "0029_orders_of_a_buyer_by_status"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="orderline",
            name="line_buyer_product",
        ),
        migrations.AlterField(
            model_name="orderline",
            name="product",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to="catalog.product"),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(fields=["buyer", "product", "status", "-order"], name="line_buyer_product_status"),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(fields=["product", "status", "-id"], name="line_product_status"),
        ),
    ]
