"""A person's unread notices, the mails that are not sent, and the mails to one address are found by an index."""

import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from tradepost.market.base.schema import without_own_index


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0002_mail_to_contact'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='mail',
            name='mail_unsent',
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('status', 'sent'), _negated=True), fields=['status', '-id'], name='mail_unsent'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(django.db.models.functions.text.Lower('address'), models.OrderBy(models.F('id'), descending=True), name='mail_address'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('read_at', None)), fields=['user', '-id'], name='notice_unread'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('read_at', None), _negated=True), fields=['user', '-id'], name='notice_read'),
        ),
        # The indexes by user and key serve.
        without_own_index(
            'notifications_notice',
            'user_id',
            migrations.AlterField(
                model_name='notice',
                name='user',
                field=models.ForeignKey(
                    db_index=False, on_delete=models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL
                ),
            ),
        ),
    ]
