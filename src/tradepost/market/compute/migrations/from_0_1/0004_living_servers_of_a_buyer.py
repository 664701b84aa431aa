"""Find the servers of a buyer that exist: the list walked past all that were deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("compute", "0003_task_logins"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="server",
            index=models.Index(
                condition=models.Q(("status__in", ["creating", "running", "broken", "stopped"])),
                fields=["buyer", "-id"],
                name="server_buyer_living",
            ),
        ),
    ]
