"""What a directory says of a person and the market keeps only to say it again."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0008_password_files_that_are_kept'),
    ]

    operations = [
        migrations.AddField(
            model_name='member',
            name='directory',
            field=models.JSONField(db_default={}, default=dict),
        ),
    ]
