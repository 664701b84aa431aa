"""A group that was removed stays until its last member has left it; its name is free at once."""

from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("organisations", "0003_people")]

    operations = [
        migrations.RemoveConstraint(model_name="group", name="enterprise_group_name"),
        migrations.AddField(model_name="group", name="removed_at", field=models.DateTimeField(default=None, null=True)),
        migrations.AddConstraint(
            model_name="group",
            constraint=models.UniqueConstraint(
                "enterprise", Lower("name"), condition=models.Q(removed_at__isnull=True), name="enterprise_group_name"
            ),
        ),
    ]
