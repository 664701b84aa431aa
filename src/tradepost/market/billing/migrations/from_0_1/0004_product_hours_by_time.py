"""Hours of a product are found by time, whatever is counted in them."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0003_packages'),
        ('catalog', '0007_attributes_of_sellers'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='producthour',
            name='product_hour_once',
        ),
        migrations.AddConstraint(
            model_name='producthour',
            constraint=models.UniqueConstraint(fields=('product', 'hour', 'unit', 'currency'), name='product_hour_once'),
        ),
    ]
