"""Tables of 0.2.0."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ReadMark',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='read_mark', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('upto', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
        ),
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
                ('seller', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='endpoints', to='identity.seller')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='endpoints', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=48)),
                ('facts', models.JSONField(default=dict)),
                ('link', models.CharField(blank=True, default='', max_length=200)),
                ('created_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(default=None, null=True)),
                ('once', models.CharField(max_length=128, unique=True)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
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
                ('seller', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='receivers', to='identity.seller')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='receivers', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(choices=[('finance', 'Finance'), ('product', 'Products'), ('security', 'Security'), ('operations', 'Operation and maintenance'), ('activity', 'Activities'), ('filing', 'Filing'), ('contract', 'Contracts'), ('other', 'Others')], max_length=16)),
                ('channel', models.CharField(choices=[('in_site', 'On the site'), ('mail', 'E-mail'), ('sms', 'SMS'), ('webhook', 'Webhook'), ('chat', 'Chat')], max_length=8)),
                ('how', models.CharField(choices=[('on', 'At once'), ('digest', 'In a daily summary'), ('off', 'Not at all')], max_length=8)),
                ('endpoint', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='preferences', to='notifications.endpoint')),
                ('user', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notice_preferences', to=settings.AUTH_USER_MODEL)),
                ('receiver', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='preferences', to='notifications.receiver')),
            ],
        ),
        migrations.CreateModel(
            name='NoticeDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('in_site', 'On the site'), ('mail', 'E-mail'), ('sms', 'SMS'), ('webhook', 'Webhook'), ('chat', 'Chat')], db_default='mail', default='mail', max_length=8)),
                ('kind', models.CharField(blank=True, db_default='', default='', max_length=48)),
                ('facts', models.JSONField(db_default={}, default=dict)),
                ('language', models.CharField(blank=True, db_default='', default='', max_length=10)),
                ('sealed_link', models.TextField(blank=True, db_default='', default='')),
                ('created_at', models.DateTimeField(default=None, null=True)),
                ('address', models.CharField(max_length=255)),
                ('to_contact', models.BooleanField(db_default=False, default=False)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed'), ('deferred', 'Waiting for the summary'), ('summed_up', 'In a summary'), ('withheld', 'Not sent')], default='waiting', max_length=9)),
                ('reason', models.CharField(blank=True, choices=[('site_only', 'On-site notice only, this time'), ('channel_unset', 'This market has no such channel'), ('locked', 'The account is locked'), ('no_address', 'No address is known'), ('unconfirmed', 'The receiver has not confirmed email and phone yet'), ('switched_off', 'Switched off for this kind of notice'), ('duplicate', 'The same address already receives it'), ('too_many', "This number has reached today's message limit"), ('disabled', 'The receiver was switched off after failing for days'), ('gone', 'The receiver was deleted before it was sent')], db_default='', default='', max_length=16)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('next_at', models.DateTimeField(default=None, null=True)),
                ('sent_at', models.DateTimeField(default=None, null=True)),
                ('error', models.CharField(blank=True, default='', max_length=500)),
                ('endpoint', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.endpoint')),
                ('notice', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.notice')),
                ('seller', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller')),
                ('summary', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='parts', to='notifications.noticedelivery')),
                ('receiver', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='notifications.receiver')),
            ],
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('seller__isnull', False), ('user', None)), models.Q(('seller', None), ('user__isnull', False)), _connector='OR'), name='endpoint_one_owner'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(fields=['user', '-id'], name='notice_user'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('read_at', None)), fields=['user', '-id'], name='notice_unread'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('read_at', None), _negated=True), fields=['user', '-id'], name='notice_read'),
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
        migrations.AddIndex(
            model_name='noticedelivery',
            index=models.Index(models.F('seller'), django.db.models.functions.text.Lower('address'), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('seller__isnull', False)), name='delivery_seller_to'),
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
