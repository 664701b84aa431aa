"""A line knows its buyer, so that what somebody ordered of a product is found by an index."""

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def fill(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute(
        "UPDATE orders_orderline SET buyer_id = (SELECT buyer_id FROM orders_order WHERE id = orders_orderline.order_id)"
    )
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the table could not be altered in this transaction


def buyer(**given: object) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, on_delete=models.deletion.PROTECT, related_name="order_lines", to=settings.AUTH_USER_MODEL, **given
    )


class Migration(migrations.Migration):

    dependencies = [("orders", "0007_line_status")]

    operations = [
        migrations.AddField(model_name="orderline", name="buyer", field=buyer(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(model_name="orderline", name="buyer", field=buyer()),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(fields=["buyer", "product", "-order"], name="line_buyer_product"),
        ),
    ]
