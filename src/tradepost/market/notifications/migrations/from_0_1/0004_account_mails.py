"""Mails about accounts need no notice: they go to an address, and what they lead to is sealed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0003_unread_and_unsent'),
    ]

    operations = [
        migrations.AddField(
            model_name='mail',
            name='created_at',
            field=models.DateTimeField(default=None, null=True),
        ),
        migrations.AddField(
            model_name='mail',
            name='kind',
            field=models.CharField(blank=True, db_default='', default='', max_length=48),
        ),
        migrations.AddField(
            model_name='mail',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='mail',
            name='sealed_link',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AlterField(
            model_name='mail',
            name='notice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mails', to='notifications.notice'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', ''), ('notice__isnull', False)), models.Q(('notice', None), models.Q(('kind', ''), _negated=True)), _connector='OR'), name='mail_says_something'),
        ),
    ]
