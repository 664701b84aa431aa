"""Mails that came by IMAP."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('service_desk', '0003_no_reviews'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReceivedMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('sender', models.CharField(blank=True, default='', max_length=254)),
                ('subject', models.CharField(blank=True, default='', max_length=300)),
                ('text', models.CharField(blank=True, default='', max_length=2000)),
                ('problem', models.CharField(blank=True, default='', max_length=16)),
                ('words', models.CharField(blank=True, default='', max_length=300)),
                ('demand', models.BigIntegerField(default=None, null=True)),
                ('received_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('problem', ''), _negated=True), fields=['-id'], name='received_mail_problem')],
            },
        ),
    ]
