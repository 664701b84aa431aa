"""An order's ``once`` gets the word that everybody uses."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_order_once")]
    operations = [
        migrations.RemoveConstraint("order", "order_once"),
        migrations.RenameField("order", "once", "idempotency_key"),
        migrations.AddConstraint(
            "order",
            models.UniqueConstraint(
                condition=~Q(idempotency_key=""), fields=("buyer", "idempotency_key"), name="order_idempotency_key"
            ),
        ),
    ]
