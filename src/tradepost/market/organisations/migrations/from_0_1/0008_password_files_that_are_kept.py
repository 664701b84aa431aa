"""The index of the list of password files leaves out the deleted ones, which become more and more."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0007_administrators_and_passwords'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='passwordfile',
            name='password_file_list',
        ),
        migrations.AddIndex(
            model_name='passwordfile',
            index=models.Index(condition=models.Q(('status', 'deleted'), _negated=True), fields=['enterprise', '-id'], name='password_file_kept'),
        ),
    ]
