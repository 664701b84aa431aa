"""Find a seller's calls of an address by an index that begins with the seller: the queue could take one that begins with the address
for its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("production", "0018_calls_of_an_address"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="call", name="call_address"),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["seller", "address", "-id"], name="call_seller_address"),
        ),
    ]
