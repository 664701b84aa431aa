"""Record a changed label of the model; no table changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0009_read_marks'),
    ]

    operations = [
        migrations.AlterField(
            model_name='noticedelivery',
            name='reason',
            field=models.CharField(blank=True, choices=[('site_only', 'On-site notice only, this time'), ('channel_unset', 'This market has no such channel'), ('locked', 'The account is locked'), ('no_address', 'No address is known'), ('unconfirmed', 'The receiver has not confirmed mail and phone yet'), ('switched_off', 'Switched off for this kind of notice'), ('duplicate', 'The same address gets it already'), ('too_many', 'This number got as many messages today as one may'), ('disabled', 'The receiver was switched off after failing for days'), ('gone', 'The receiver was deleted before it was sent')], db_default='', default='', max_length=16),
        ),
    ]
