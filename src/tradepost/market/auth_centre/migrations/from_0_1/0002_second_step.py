"""By what the second step of a sign-in was taken."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth_centre', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='signinsession',
            name='second_step',
            field=models.CharField(blank=True, choices=[('', 'No second step'), ('otp', 'Authenticator app'), ('recovery', 'Recovery code'), ('market', 'Two-step sign-in of the market')], db_default='', default='', max_length=16),
        ),
        migrations.AlterField(
            model_name='grant',
            name='why',
            field=models.CharField(blank=True, choices=[('signed_out', 'Signed out'), ('member', 'Ended by the member'), ('withdrawn', 'No longer authorised'), ('password', 'The password was reset'), ('secured', 'Password or two-step sign-in changed'), ('code_replayed', 'A code was used twice'), ('token_replayed', 'A refresh token was used twice')], default='', max_length=16),
        ),
    ]
