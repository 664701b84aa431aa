from django.db import migrations

from tradepost.market.catalog.first_categories import create_first


def create(apps: object, schema_editor: object) -> None:
    """Runs once per database, so a category that an operator deletes later does not come back."""
    del schema_editor
    create_first(apps.get_model('catalog', 'Category').objects)  # type: ignore[attr-defined]


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0011_category_levels'),
    ]

    operations = [
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
