"""Operators look at the newest slots, among many probes by hand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("probes", "0001_probes")]

    operations = [
        migrations.AddIndex(
            model_name="probeslot",
            index=models.Index(fields=["-id"], name="probe_slot_of_the_day", condition=models.Q(product=None)),
        ),
    ]
