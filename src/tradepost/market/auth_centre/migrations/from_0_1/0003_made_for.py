"""Which request a sign-in was made for, and when the member was authenticated."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth_centre', '0002_second_step'),
    ]

    operations = [
        migrations.AddField(
            model_name='signinsession',
            name='authenticated_at',
            field=models.DateTimeField(default=None, null=True),
        ),
        migrations.AddField(
            model_name='signinsession',
            name='made_for',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
    ]
