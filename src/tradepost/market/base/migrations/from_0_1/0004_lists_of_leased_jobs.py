"""Leased jobs by what became of them, newest first, as operators list them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("base", "0003_leased_jobs")]

    operations = [
        migrations.AddIndex(
            model_name="leasedjob",
            index=models.Index(fields=["outcome", "-id"], name="leased_job_outcome"),
        ),
        migrations.AddIndex(
            model_name="leasedjob",
            index=models.Index(fields=["outcome", "kind", "-id"], name="leased_job_outcome_kind"),
        ),
    ]
