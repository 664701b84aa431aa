"""One wish makes one order, however often it is sent."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_metered_lines")]

    operations = [
        migrations.AddField("order", "once", models.CharField(blank=True, db_default="", default="", max_length=64)),
        migrations.AddConstraint(
            "order", models.UniqueConstraint(condition=~Q(once=""), fields=("buyer", "once"), name="order_once")
        ),
    ]
