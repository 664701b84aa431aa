"""Deliveries are operations now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("fulfilment", "0003_from_deliveries_and_calls")]
    operations = [migrations.DeleteModel("Delivery")]
