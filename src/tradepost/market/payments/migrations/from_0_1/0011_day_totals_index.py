"""Find up to which entry days are kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0010_day_totals_through"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="daytotal",
            index=models.Index(fields=["-summed_through"], name="day_total_through"),
        ),
    ]
