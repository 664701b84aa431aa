"""Wrong passwords of members are counted in ``identity.Throttle`` like all other guesses (decision 0100)."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('auth_centre', '0003_made_for'),
    ]

    operations = [
        migrations.DeleteModel(
            name='SignInFailure',
        ),
    ]
