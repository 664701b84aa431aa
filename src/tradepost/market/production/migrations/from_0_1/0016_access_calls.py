"""Calls that ask for access data while a buyer opens a service: two small partial indexes, and a name for their purpose."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("production", "0015_order_notices"),
    ]

    operations = [
        migrations.AlterField(
            model_name="call",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("order", "An operation of a service"),
                    ("debug", "A seller tries an interface out"),
                    ("probe", "The market probes a saved case"),
                    ("compare", "The market compares itself with the seller"),
                    ("sync", "An enterprise, its departments and people are told"),
                    ("notice", "Notification of an order"),
                    ("access", "A buyer opens a service"),
                ],
                db_default="order",
                default="order",
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(condition=Q(purpose="access", state=1), fields=["seller"], name="call_access_busy"),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(condition=Q(purpose="access"), fields=["subscription", "-id"], name="call_access"),
        ),
    ]
