"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64)),
                ('app_id', models.CharField(max_length=64, unique=True)),
                ('secret_hash', models.CharField(max_length=64)),
                ('mode', models.CharField(choices=[('oauth2', 'OAuth2.0'), ('sdk', 'SDK integration')], default='oauth2', max_length=8)),
                ('public_key', models.TextField()),
                ('login_kind', models.CharField(choices=[('shared', 'Shared domain: every enterprise signs in there'), ('independent', "Separate domains: this address is for the seller's tests only")], max_length=16)),
                ('login_url', models.CharField(max_length=512, unique=True)),
                ('callback', models.CharField(blank=True, default='', max_length=512)),
                ('asked_fields', models.JSONField(default=list)),
                ('multi_instance', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(blank=True, default='', max_length=254)),
            ],
        ),
        migrations.CreateModel(
            name='Authorisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_hand', models.BooleanField(default=False)),
                ('wanted', models.BooleanField()),
                ('admin', models.BooleanField(default=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('sent_version', models.PositiveIntegerField(default=0)),
                ('sent_digest', models.CharField(blank=True, default='', max_length=64)),
                ('acked_version', models.PositiveIntegerField(default=0)),
                ('acked_digest', models.CharField(blank=True, default='', max_length=64)),
                ('told', models.BooleanField(default=False)),
                ('batch', models.BigIntegerField(default=None, null=True)),
                ('changed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='BoundDepartment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('below', models.BooleanField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='BoundGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.CharField(max_length=64, unique=True)),
                ('callback', models.CharField(blank=True, default='', max_length=512)),
                ('sealed_secret', models.TextField()),
                ('previous_hash', models.CharField(blank=True, default='', max_length=64)),
                ('previous_until', models.DateTimeField(default=None, null=True)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SignInEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('result', models.CharField(choices=[('signed_in', 'Signed in'), ('opened', 'Opened the application'), ('wrong_password', 'Wrong password'), ('unknown_name', 'Unknown user name'), ('too_many_tries', 'Too many failed attempts'), ('wrong_code', 'Wrong second-step code'), ('disabled', 'Account disabled or removed'), ('not_allowed', 'Not authorised for the application'), ('frozen', 'Service of the application frozen'), ('not_bound', 'Application not bound')], max_length=16)),
                ('succeeded', models.BooleanField()),
                ('way', models.CharField(blank=True, default='', max_length=16)),
                ('second_step', models.CharField(blank=True, default='', max_length=16)),
                ('network', models.CharField(blank=True, default='', max_length=64)),
                ('agent', models.CharField(blank=True, default='', max_length=200)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Sync',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('bind', 'Bind: enterprise, application, departments'), ('withdraw', 'Withdraw authorisations'), ('departments', 'Department changes'), ('authorise', 'Authorise members'), ('unbind', 'Unbind: the enterprise is deleted at the seller')], max_length=16)),
                ('status', models.CharField(choices=[('running', 'Under way'), ('waiting', 'Waiting to retry'), ('stopped', 'Stopped'), ('done', 'Done'), ('dropped', 'No longer needed')], default='running', max_length=8)),
                ('calls', models.PositiveIntegerField(default=0)),
                ('people', models.PositiveIntegerField(default=0)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('tries', models.PositiveIntegerField(db_default=0, default=0)),
                ('next_at', models.DateTimeField(default=None, null=True)),
                ('give_up_at', models.DateTimeField(default=None, null=True)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SyncedDepartment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=128)),
                ('parent_code', models.CharField(blank=True, default='', max_length=64)),
                ('unknown', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'synced department',
            },
        ),
        migrations.CreateModel(
            name='TenantBinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('single', models.BooleanField()),
                ('released_fields', models.JSONField(default=list)),
                ('withdrawn_fields', models.JSONField(db_default=[], default=list)),
                ('status', models.CharField(choices=[('binding', 'Synchronising with the seller'), ('stopped', 'Synchronisation failed'), ('bound', 'Bound'), ('unbinding', 'Unbinding'), ('unbound', 'Unbound')], default='binding', max_length=16)),
                ('public_key', models.TextField()),
                ('tenant_acked', models.CharField(blank=True, default='', max_length=64)),
                ('client_acked', models.CharField(blank=True, default='', max_length=64)),
                ('client_sent', models.CharField(blank=True, default='', max_length=64)),
                ('resend', models.BooleanField(db_default=False, default=False)),
                ('departments_told', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.CharField(blank=True, default='', max_length=254)),
                ('bound_at', models.DateTimeField(default=None, null=True)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
    ]
