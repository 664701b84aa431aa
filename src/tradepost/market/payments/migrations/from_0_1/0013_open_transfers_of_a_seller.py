"""Find the transfer of a seller that is under way: the page of statements read all its transfers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0012_repayments"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="intent",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "in_review"])),
                fields=["seller", "-id"],
                name="intent_open_of_seller",
            ),
        ),
    ]
