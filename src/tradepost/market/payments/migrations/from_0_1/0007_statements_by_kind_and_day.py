"""A buyer's statement is read by kind and day: each entry of a buyer's account says both itself."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

FILL = """
UPDATE payments_entry SET at = t.at, statement_kind = CASE WHEN t.reason = 'assigned' THEN 'top_up' ELSE t.reason END
FROM payments_transfer AS t, payments_account AS a
WHERE t.id = payments_entry.transfer_id AND a.id = payments_entry.account_id AND a.kind = 'buyer'
"""
REASONS = [
    ("top_up", "Top-up"), ("payment", "Payment"), ("refund", "Refund"), ("earned", "Delivered to the buyer"),
    ("taken_back", "Taken back for a refund"), ("assigned", "Assigned to its buyer"),
    ("sent_back", "Sent back to who paid it"), ("charged", "Usage"), ("collected", "Payment for usage"),
    ("credited", "Credit for usage"),
]  # fmt: skip


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The ledger is append-only, also for us: its triggers rest for this one statement."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE payments_entry DISABLE TRIGGER payments_entry_append_only")
        schema_editor.execute(FILL)
        schema_editor.execute("ALTER TABLE payments_entry ENABLE TRIGGER payments_entry_append_only")
        return
    # A column that SQLite cannot add makes the table anew, without its triggers.
    schema_editor.execute("DROP TRIGGER IF EXISTS payments_entry_no_update")
    schema_editor.execute("DROP TRIGGER IF EXISTS payments_entry_no_delete")
    schema_editor.execute(FILL)
    for verb in ("UPDATE", "DELETE"):
        schema_editor.execute(
            f"CREATE TRIGGER payments_entry_no_{verb.lower()} BEFORE {verb} ON payments_entry "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_debts")]
    operations = [
        migrations.AddField("entry", "at", models.DateTimeField(default=None, null=True)),
        migrations.AddField(
            "entry",
            "statement_kind",
            models.CharField(blank=True, choices=REASONS, db_default="", default="", max_length=16),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "entry",
            models.Index(
                condition=models.Q(("statement_kind", ""), _negated=True),
                fields=["account", "statement_kind", "-id"],
                name="entry_of_a_kind",
            ),
        ),
        migrations.AddIndex(
            "entry",
            models.Index(
                condition=models.Q(("at__isnull", False)), fields=["account", "at", "id"], name="entry_of_a_day"
            ),
        ),
        migrations.AddIndex(
            "intent", models.Index(fields=["user", "status", "-id"], name="intent_of_user_status")
        ),
        migrations.AddIndex(
            "intent",
            models.Index(
                condition=models.Q(("status__in", ["pending", "in_review"])),
                fields=["user", "-id"],
                name="intent_open_of_user",
            ),
        ),
        migrations.AddIndex(
            "account",
            models.Index(
                condition=models.Q(("kind", "buyer"), _negated=True), fields=["kind", "-id"], name="account_of_kind"
            ),
        ),
        migrations.AddIndex(
            "account",
            models.Index(
                condition=models.Q(("kind", "buyer"), _negated=True), fields=["-summed_through"], name="account_summed"
            ),
        ),
    ]
