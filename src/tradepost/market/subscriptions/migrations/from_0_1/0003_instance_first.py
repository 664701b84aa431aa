"""An instance is found by its name alone, by operators, who do not know whose it is."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_metered_offers'),
        ('identity', '0002_the_few_users'),
        ('subscriptions', '0002_periods_and_freezes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='subscription',
            name='subscription_instance',
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(condition=models.Q(('instance_id', ''), _negated=True), fields=('instance_id', 'seller'), name='subscription_instance_once'),
        ),
    ]
