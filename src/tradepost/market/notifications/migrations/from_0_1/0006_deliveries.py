"""Mails become deliveries of any channel, each sent or with the reason why not; receivers, webhooks, chats and preferences."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0006_domains_and_staged_keys'),
        ('notifications', '0005_mail_facts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('webhook', 'Webhook'), ('chat', 'Chat')], max_length=8)),
                ('service', models.CharField(blank=True, default='', max_length=16)),
                ('name', models.CharField(max_length=64, verbose_name='Name')),
                ('shown', models.CharField(max_length=255)),
                ('sealed_address', models.TextField()),
                ('sealed_secret', models.TextField(blank=True, default='')),
                ('sealed_former_secret', models.TextField(blank=True, default='')),
                ('former_until', models.DateTimeField(default=None, null=True)),
                ('language', models.CharField(max_length=10)),
                ('created_at', models.DateTimeField()),
                ('failing_since', models.DateTimeField(default=None, null=True)),
                ('rests_until', models.DateTimeField(default=None, null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('disabled_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(choices=[('finance', 'Finance'), ('product', 'Products'), ('security', 'Security'), ('operations', 'Operation and maintenance'), ('activity', 'Activities'), ('filing', 'Filing'), ('contract', 'Contracts'), ('other', 'Others')], max_length=16)),
                ('channel', models.CharField(choices=[('in_site', 'In the site'), ('mail', 'E-mail'), ('sms', 'SMS'), ('webhook', 'Webhook'), ('chat', 'Chat')], max_length=8)),
                ('how', models.CharField(choices=[('on', 'At once'), ('digest', 'In a daily summary'), ('off', 'Not at all')], max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name='Receiver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, verbose_name='Name')),
                ('email', models.EmailField(max_length=254, verbose_name='E-mail')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='Phone')),
                ('language', models.CharField(max_length=10)),
                ('created_at', models.DateTimeField()),
                ('email_confirmed_at', models.DateTimeField(default=None, null=True)),
                ('phone_confirmed_at', models.DateTimeField(default=None, null=True)),
                ('token_hash', models.CharField(blank=True, db_index=True, default='', max_length=64)),
                ('code_hash', models.CharField(blank=True, default='', max_length=64)),
                ('confirm_until', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.AddField(
            model_name='endpoint',
            name='seller',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='endpoints', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='endpoint',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='endpoints', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='preference',
            name='endpoint',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='preferences', to='notifications.endpoint'),
        ),
        migrations.AddField(
            model_name='preference',
            name='user',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notice_preferences', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='receiver',
            name='seller',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='receivers', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='receiver',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='receivers', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='preference',
            name='receiver',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='preferences', to='notifications.receiver'),
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('seller__isnull', False), ('user', None)), models.Q(('seller', None), ('user__isnull', False)), _connector='OR'), name='endpoint_one_owner'),
        ),
        migrations.AddConstraint(
            model_name='receiver',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('seller__isnull', False), ('user', None)), models.Q(('seller', None), ('user__isnull', False)), _connector='OR'), name='receiver_one_owner'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.UniqueConstraint(fields=('user', 'category', 'channel'), name='preference_of_user'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.UniqueConstraint(fields=('receiver', 'category', 'channel'), name='preference_of_receiver'),
        ),
        migrations.AddConstraint(
            model_name='preference',
            constraint=models.UniqueConstraint(fields=('endpoint', 'category', 'channel'), name='preference_of_endpoint'),
        ),
        migrations.RemoveIndex(
            model_name='mail',
            name='mail_unsent',
        ),
        migrations.RemoveIndex(
            model_name='mail',
            name='mail_address',
        ),
        migrations.RemoveConstraint(
            model_name='mail',
            name='mail_says_something',
        ),
        migrations.RenameModel('Mail', 'NoticeDelivery'),
        migrations.AddField(
            model_name='noticedelivery',
            name='seller',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='noticedelivery',
            name='channel',
            field=models.CharField(choices=[('in_site', 'In the site'), ('mail', 'E-mail'), ('sms', 'SMS'), ('webhook', 'Webhook'), ('chat', 'Chat')], db_default='mail', default='mail', max_length=8),
        ),
        migrations.AddField(
            model_name='noticedelivery',
            name='receiver',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.receiver'),
        ),
        migrations.AddField(
            model_name='noticedelivery',
            name='endpoint',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.endpoint'),
        ),
        migrations.AddField(
            model_name='noticedelivery',
            name='summary',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='parts', to='notifications.noticedelivery'),
        ),
        migrations.AddField(
            model_name='noticedelivery',
            name='reason',
            field=models.CharField(blank=True, choices=[('site_only', 'Told in the site alone: another message about the same went out shortly before, or none does'), ('channel_unset', 'This market has no such channel'), ('locked', 'The account is locked'), ('no_address', 'No address is known'), ('unconfirmed', 'The receiver has not confirmed mail and phone yet'), ('switched_off', 'Switched off for this kind of notice'), ('duplicate', 'The same address gets it already'), ('too_many', 'This number got as many messages today as one may'), ('disabled', 'The receiver was switched off after failing for days'), ('gone', 'The receiver was deleted before it was sent')], db_default='', default='', max_length=16),
        ),
        migrations.AlterField(
            model_name='noticedelivery',
            name='notice',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.notice'),
        ),
        migrations.AlterField(
            model_name='noticedelivery',
            name='address',
            field=models.CharField(max_length=255),
        ),
        migrations.AlterField(
            model_name='noticedelivery',
            name='status',
            field=models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed'), ('deferred', 'For the summary'), ('summed_up', 'In a summary'), ('withheld', 'Not sent')], default='waiting', max_length=9),
        ),
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(condition=models.Q(('status', 'sent'), _negated=True), fields=['status', '-id'], name='delivery_unsent'),
        ),
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(condition=models.Q(('channel', 'mail'), _negated=True), fields=['channel', '-id'], name='delivery_channel'),
        ),
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(condition=models.Q(('reason', ''), _negated=True), fields=['reason', '-id'], name='delivery_reason'),
        ),
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(condition=models.Q(('seller__isnull', False)), fields=['seller', '-id'], name='delivery_seller'),
        ),
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(django.db.models.functions.text.Lower('address'), models.OrderBy(models.F('id'), descending=True), name='delivery_address'),
        ),
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(condition=models.Q(('receiver__isnull', False)), fields=['receiver'], name='delivery_receiver'),
        ),
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(condition=models.Q(('endpoint__isnull', False)), fields=['endpoint'], name='delivery_endpoint'),
        ),
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(condition=models.Q(('summary__isnull', False)), fields=['summary'], name='delivery_summary'),
        ),
        migrations.AddConstraint(
            model_name='noticedelivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', ''), ('notice__isnull', False)), models.Q(('notice', None), models.Q(('kind', ''), _negated=True)), _connector='OR'), name='delivery_says_something'),
        ),
        migrations.AddConstraint(
            model_name='noticedelivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'withheld'), models.Q(('reason', ''), _negated=True)), models.Q(models.Q(('status', 'withheld'), _negated=True), ('reason', '')), _connector='OR'), name='delivery_says_why_not'),
        ),
    ]
