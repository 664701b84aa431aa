"""A line knows the version of the product that was sold: of what is there already, the first."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def fill(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute(
        "UPDATE orders_orderline SET version_id = "
        "(SELECT id FROM catalog_version WHERE product_id = orders_orderline.product_id AND number = 1)"
    )
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the table could not be altered in this transaction


def version(**given: object) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, on_delete=models.deletion.PROTECT, related_name="+", to="catalog.version", **given
    )


class Migration(migrations.Migration):

    dependencies = [("catalog", "0004_first_versions"), ("orders", "0008_line_buyer")]

    operations = [
        migrations.AddField(model_name="orderline", name="version", field=version(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(model_name="orderline", name="version", field=version()),
    ]
