"""Services that were never opened are called so: a code that is returned is no failure."""
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0012_bound'),
    ]

    operations = [
        migrations.AlterField(
            model_name='subscription',
            name='status',
            field=models.CharField(choices=[('opening', 'Opening'), ('active', 'Active'), ('frozen', 'Frozen'), ('releasing', 'Being released'), ('released', 'Released'), ('failed', 'Never opened')], default='opening', max_length=16),
        ),
    ]
