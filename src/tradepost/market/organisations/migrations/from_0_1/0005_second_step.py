"""Whether an enterprise asks its people for a second step."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', "0004_removed_groups"),
    ]

    operations = [
        migrations.AddField(
            model_name='enterprise',
            name='second_step_required',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
