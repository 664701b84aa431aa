"""How many members an enterprise has is kept beside it, and counted once for those that are there."""

from django.db import migrations, models

COUNT = """UPDATE organisations_enterprise SET people = (
    SELECT count(*) FROM organisations_member m
    WHERE m.enterprise_id = organisations_enterprise.id AND m.removed_at IS NULL)"""


class Migration(migrations.Migration):
    dependencies = [("organisations", "0002_lists")]

    operations = [
        migrations.AddField(
            model_name="enterprise", name="people", field=models.PositiveIntegerField(db_default=0, default=0)
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
