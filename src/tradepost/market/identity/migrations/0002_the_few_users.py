"""Operators, the locked, and those whose address begins with a text are found by an index."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# LIKE 'x%' needs it unless the database sorts by bytes. SQLite does, so there the unique index of user_email serves.
BEGINNINGS = "CREATE INDEX user_email_begins ON identity_user (LOWER(email) text_pattern_ops)"


def add_beginnings(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BEGINNINGS)


def remove_beginnings(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX user_email_begins")


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('is_operator', True)), fields=['-id'], name='user_operator'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('is_active', False)), fields=['-id'], name='user_locked'),
        ),
        migrations.RunPython(add_beginnings, remove_beginnings),
    ]
