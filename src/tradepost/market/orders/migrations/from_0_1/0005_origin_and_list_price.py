"""Who wanted an order, and what it costs without any reduction: a price of zero stood for a sandbox's try-out."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery


def say_origin(apps: Any, schema_editor: Any) -> None:
    """A try-out was placed, paid and begun at one moment, cost nothing, and was about something held already."""
    Order, OrderLine = apps.get_model("orders", "Order"), apps.get_model("orders", "OrderLine")
    tried = Order.objects.exclude(order_type="NEW").filter(total_minor=0, pay_before=F("placed_at"))
    tried.update(origin="sandbox")
    OrderLine.objects.update(list_minor=F("amount_minor"))
    price = apps.get_model("catalog", "Offer").objects.filter(pk=OuterRef("offer_id")).values("price_minor")
    of_tried = OrderLine.objects.filter(order__origin="sandbox")
    of_tried.update(list_minor=Subquery(price) * F("quantity") * F("period_number"))
    of_tried.filter(period_number=0).update(list_minor=Subquery(price) * F("quantity"))


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_idempotency_key"),
        ("catalog", "0002_metered_offers"),
        ("subscriptions", "0001_initial"),
    ]
    operations = [
        migrations.AddField(
            "order",
            "origin",
            models.CharField(
                choices=[("buyer", "Buyer"), ("sandbox", "Try-out in the sandbox")],
                db_default="buyer", default="buyer", max_length=8,
            ),
        ),
        migrations.AddField(
            "orderline", "list_minor", models.PositiveBigIntegerField(db_default=0, default=0)
        ),
        migrations.AlterField(
            "orderline",
            "subscription",
            models.ForeignKey(
                db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT,
                related_name="order_lines", to="subscriptions.subscription",
            ),
        ),
        migrations.AddIndex(
            "orderline", models.Index(fields=["subscription", "id"], name="line_subscription")
        ),
        migrations.RunPython(say_origin, migrations.RunPython.noop, elidable=True),
    ]
