"""A copy of a person's data is a ZIP file."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial")]

    operations = [
        migrations.AlterField(
            "export",
            "format",
            models.CharField(choices=[("csv", "CSV"), ("xlsx", "XLSX"), ("zip", "ZIP")], max_length=8),
        ),
    ]
