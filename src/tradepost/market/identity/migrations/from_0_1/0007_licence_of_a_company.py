"""The business licence of a company (business-rules §1.4)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0006_domains_and_staged_keys")]

    operations = [
        migrations.AddField(
            model_name="company",
            name="licence",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
