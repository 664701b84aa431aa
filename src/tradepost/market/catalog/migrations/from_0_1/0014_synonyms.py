"""Synonyms of the store's search, with those that a market starts with."""

from django.db import migrations, models

from tradepost.market.catalog.first_synonyms import create_first


def create(apps: object, schema_editor: object) -> None:
    """Runs once per database, so synonyms that an operator deletes later do not come back."""
    del schema_editor
    groups, synonyms = (apps.get_model("catalog", name).objects for name in ("SynonymGroup", "Synonym"))  # type: ignore[attr-defined]
    create_first(groups, synonyms)


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0013_saas_v1_fields"),
    ]

    operations = [
        migrations.CreateModel(
            name="SynonymGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=32)),
                ("key", models.CharField(max_length=64, unique=True)),
                (
                    "group",
                    models.ForeignKey(on_delete=models.deletion.CASCADE, related_name="words", to="catalog.synonymgroup"),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
