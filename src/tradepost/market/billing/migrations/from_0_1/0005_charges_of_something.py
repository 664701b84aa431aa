"""The newest charges that came to something: among those of parts of a coin operators' lists were looked for row by row."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_product_hours_by_time")]

    operations = [
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(fields=["-id"], condition=~Q(minor=0), name="charge_of_something"),
        ),
    ]
