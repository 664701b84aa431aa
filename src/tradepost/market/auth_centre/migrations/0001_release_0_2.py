"""Tables of 0.2.0."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('applications', '0001_release_0_2'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=200)),
                ('begun_at', models.DateTimeField()),
                ('used_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(default=None, null=True)),
                ('why', models.CharField(blank=True, choices=[('signed_out', 'Signed out'), ('member', 'Ended by the member'), ('withdrawn', 'No longer authorised'), ('password', 'The password was reset'), ('secured', 'Password or two-step sign-in changed'), ('code_replayed', 'A code was used twice'), ('token_replayed', 'A refresh token was used twice')], default='', max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name='Jwk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kid', models.CharField(max_length=64, unique=True)),
                ('sealed', models.TextField()),
                ('public', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('signs_from', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='RefreshToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('used_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ServiceTicket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ticket_hash', models.CharField(max_length=64, unique=True)),
                ('service', models.TextField()),
                ('from_new_login', models.BooleanField()),
                ('issued_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('used_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SignInSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('secret_hash', models.CharField(max_length=64, unique=True)),
                ('way', models.CharField(choices=[('password', 'Password'), ('account', 'Market account')], max_length=16)),
                ('second_step', models.CharField(blank=True, choices=[('', 'No second step'), ('otp', 'Authenticator app'), ('recovery', 'Recovery code'), ('market', 'Two-step sign-in of the market account')], db_default='', default='', max_length=16)),
                ('begun_at', models.DateTimeField()),
                ('authenticated_at', models.DateTimeField(default=None, null=True)),
                ('made_for', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('network', models.CharField(blank=True, default='', max_length=64)),
                ('agent', models.CharField(blank=True, default='', max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name='AuthorizationCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code_hash', models.CharField(max_length=64, unique=True)),
                ('redirect_uri', models.TextField(blank=True, default='')),
                ('scope', models.CharField(max_length=200)),
                ('nonce', models.CharField(blank=True, default='', max_length=255)),
                ('challenge', models.CharField(blank=True, default='', max_length=128)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('used_at', models.DateTimeField(default=None, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='applications.client')),
            ],
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fields', models.JSONField(default=list)),
                ('given_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(default=None, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='applications.client')),
            ],
        ),
    ]
