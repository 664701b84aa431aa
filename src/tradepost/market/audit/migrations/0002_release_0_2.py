"""Tables of 0.2.0, second part, and the triggers that make the audit log append-only."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


POSTGRESQL = """
CREATE OR REPLACE FUNCTION tradepost_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_entry' THEN
    IF OLD.at < (SELECT MAX(before) FROM audit_clearance) THEN RETURN OLD; END IF;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % of % refused', TG_OP, TG_TABLE_NAME;
END $$;
"""
TABLES = ("audit_entry", "audit_clearance")


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Refuse changes of the audit log. Only entries older than a clearance may be deleted, and no clearance may be."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)  # its % is not a placeholder
        for table in TABLES:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION tradepost_audit_stays()"
            )
        return
    for table in TABLES:
        schema_editor.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
    schema_editor.execute(
        "CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry "
        "WHEN NOT COALESCE(OLD.at < (SELECT MAX(before) FROM audit_clearance), 0) "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    )
    schema_editor.execute(
        "CREATE TRIGGER audit_clearance_no_delete BEFORE DELETE ON audit_clearance "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    )


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            continue
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{verb}")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('audit', '0001_release_0_2'),
        ('identity', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='entry',
            name='actor',
            field=models.ForeignKey(db_constraint=False, db_index=False, default=None, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='entry',
            name='seller',
            field=models.ForeignKey(db_constraint=False, db_index=False, default=None, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='identity.seller'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['-at', '-id'], name='audit_at'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['actor_text', '-at', '-id'], name='audit_actor'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['act', '-at', '-id'], name='audit_act'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['object_kind', 'object_id', '-at', '-id'], name='audit_object'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['seller', '-at', '-id'], name='audit_seller'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(condition=models.Q(('outcome__in', ['refused', 'failed'])), fields=['-at', '-id'], name='audit_not_done'),
        ),
        migrations.RunPython(install, remove),
    ]
