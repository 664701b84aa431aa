"""What a mail without a notice names beside its address."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0004_account_mails'),
    ]

    operations = [
        migrations.AddField(
            model_name='mail',
            name='facts',
            field=models.JSONField(db_default={}, default=dict),
        ),
    ]
