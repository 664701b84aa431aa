"""Find the period images of a buyer that have not ended: the page of servers read all services of the buyer."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

OF_ITS_SERVICE = """
UPDATE images_periodimage SET buyer_id =
 (SELECT buyer_id FROM subscriptions_subscription WHERE subscriptions_subscription.id = images_periodimage.service_id)
"""


def buyer(*, null: bool) -> models.ForeignKey:
    return models.ForeignKey(
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0017_joined"),
        ("images", "0002_indexes"),
    ]

    operations = [
        migrations.AddField(model_name="periodimage", name="buyer", field=buyer(null=True)),
        migrations.RunSQL(OF_ITS_SERVICE, migrations.RunSQL.noop),
        migrations.AlterField(model_name="periodimage", name="buyer", field=buyer(null=False)),
        migrations.RemoveIndex(model_name="periodimage", name="period_image_open"),
        migrations.AddIndex(
            model_name="periodimage",
            index=models.Index(
                condition=models.Q(("status__in", ["bound", "idle"])),
                fields=["buyer", "-service"],
                name="period_image_buyer_open",
            ),
        ),
    ]
