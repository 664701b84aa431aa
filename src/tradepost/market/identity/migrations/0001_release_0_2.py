"""Tables of 0.2.0, and the first agreements."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import tradepost.market.base.django_internals.session_hash
import tradepost.market.base.ids
import tradepost.market.identity.email_field
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from tradepost.market.identity.first_agreements import make_first


def create_first_agreements(apps: StateApps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    make_first(apps.get_model("identity", "Agreement").objects)  # type: ignore[attr-defined]


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('sessions', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Group',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(blank=True, default='', max_length=16)),
                ('name', models.CharField(blank=True, default='', max_length=64, verbose_name='Name')),
                ('menus', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='OperatorSignIn',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('passwords', models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name='SignInProvider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=40, unique=True)),
                ('name', models.CharField(max_length=64, verbose_name='Name')),
                ('issuer', models.URLField(max_length=500, verbose_name='Issuer')),
                ('client_id', models.CharField(max_length=255, verbose_name='Client ID')),
                ('sealed_secret', models.TextField()),
                ('scopes', models.CharField(default='openid profile email offline_access', max_length=255, verbose_name='Scopes')),
                ('asks_consent', models.BooleanField(db_default=False, default=False)),
                ('for_operators', models.BooleanField(default=False)),
                ('for_buyers', models.BooleanField(default=False)),
                ('groups_claim', models.CharField(default='groups', max_length=64, verbose_name='Claim with the groups')),
                ('roles', models.JSONField(default=list)),
                ('enabled', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Throttle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True)),
                ('number', models.PositiveIntegerField(default=0)),
                ('until', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('email', tradepost.market.identity.email_field.OptionalEmail(max_length=254, null=True, unique=True, verbose_name='E-mail')),
                ('name', models.CharField(blank=True, max_length=64, verbose_name='Name')),
                ('company', models.CharField(blank=True, max_length=128, verbose_name='Company')),
                ('phone', models.CharField(blank=True, max_length=32, verbose_name='Phone')),
                ('language', models.CharField(default='zh-hans', max_length=10, verbose_name='Language')),
                ('customer_id', models.CharField(default=tradepost.market.base.ids.hex_id, max_length=32, unique=True)),
                ('level', models.CharField(blank=True, choices=[('V0', 'V0'), ('V1', 'V1'), ('V2', 'V2'), ('V3', 'V3'), ('V4', 'V4'), ('V5', 'V5')], db_default='', default='', max_length=2, verbose_name='Customer level')),
                ('customer_type', models.CharField(blank=True, choices=[('company', 'Enterprise'), ('person', 'Individual')], db_default='', default='', max_length=8, verbose_name='Customer type')),
                ('certified_name', models.CharField(blank=True, db_default='', default='', max_length=128)),
                ('expiry_day', models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='Unified expiry date')),
                ('is_active', models.BooleanField(default=True)),
                ('operator_role', models.CharField(blank=True, choices=[('owner', 'Owner'), ('finance', 'Finance'), ('reviewer', 'Reviewer'), ('service', 'Service'), ('support', 'Support'), ('auditor', 'Auditor')], db_default='', default='', max_length=8, verbose_name='Role')),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sessions_ended', models.PositiveIntegerField(db_default=0, default=0)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('operator_role', ''), _negated=True), fields=['-id'], name='user_operator'), models.Index(fields=['joined_at', 'id'], name='user_joined'), models.Index(fields=['name'], name='user_name_begins', opclasses=['varchar_pattern_ops']), models.Index(fields=['company'], name='user_company_begins', opclasses=['varchar_pattern_ops']), models.Index(fields=['phone'], name='user_phone_begins', opclasses=['varchar_pattern_ops'])],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email')],
            },
            bases=(tradepost.market.base.django_internals.session_hash.EndableSessions, models.Model),
        ),
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('seller', 'Seller cooperation agreement'), ('publish', 'Product service agreement'), ('buyer', 'Buyer agreement'), ('privacy', 'Privacy policy')], max_length=16)),
                ('number', models.PositiveIntegerField()),
                ('text', models.TextField()),
                ('text_en', models.TextField()),
                ('change', models.CharField(blank=True, max_length=500)),
                ('published_at', models.DateTimeField()),
                ('published_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AgreementDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('seller', 'Seller cooperation agreement'), ('publish', 'Product service agreement'), ('buyer', 'Buyer agreement'), ('privacy', 'Privacy policy')], max_length=16, unique=True)),
                ('text', models.TextField()),
                ('text_en', models.TextField()),
                ('change', models.CharField(blank=True, max_length=500)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('saved_at', models.DateTimeField()),
                ('saved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='BuyerKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64)),
                ('access_key', models.CharField(max_length=32, unique=True)),
                ('sealed', models.TextField()),
                ('rights', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('disabled_at', models.DateTimeField(default=None, null=True)),
                ('last_used_at', models.DateTimeField(default=None, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='buyer_keys', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='LogIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('begun_at', models.DateTimeField()),
                ('network', models.CharField(blank=True, default='', max_length=64)),
                ('agent', models.CharField(blank=True, default='', max_length=200)),
                ('session', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='log_in', to='sessions.session')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='log_ins', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='MarketInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('buyer', 'To open an account'), ('seller', 'To sell')], max_length=8)),
                ('email', models.EmailField(max_length=254)),
                ('language', models.CharField(max_length=10)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('status', models.CharField(choices=[('sent', 'Sent'), ('accepted', 'Accepted'), ('withdrawn', 'Withdrawn')], default='sent', max_length=10)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='MarketOpening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checklist_closed_at', models.DateTimeField(default=None, null=True)),
                ('buyers', models.CharField(choices=[('open', 'Open to everyone'), ('invited', 'By invitation'), ('closed', 'Closed')], db_default='open', default='open', max_length=8)),
                ('sellers', models.CharField(choices=[('open', 'Open to everyone'), ('invited', 'By invitation'), ('closed', 'Closed')], db_default='open', default='open', max_length=8)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='market_opening_one_row')],
            },
        ),
        migrations.CreateModel(
            name='OperatorInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='E-mail')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('finance', 'Finance'), ('reviewer', 'Reviewer'), ('service', 'Service'), ('support', 'Support'), ('auditor', 'Auditor')], max_length=8)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('status', models.CharField(choices=[('pending', 'Invited'), ('accepted', 'Accepted'), ('revoked', 'Withdrawn')], default='pending', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PolicyConsent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='identity.agreement')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='consents', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SecondFactor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed', models.TextField()),
                ('last_step', models.BigIntegerField()),
                ('created_at', models.DateTimeField()),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='second_factor', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='RecoveryCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code_hash', models.CharField(max_length=64)),
                ('used_at', models.DateTimeField(default=None, null=True)),
                ('factor', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='identity.secondfactor')),
            ],
        ),
        migrations.CreateModel(
            name='Seller',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=128, verbose_name='Chinese name')),
                ('name_en', models.CharField(blank=True, max_length=128, verbose_name='English name')),
                ('slug', models.SlugField(unique=True)),
                ('contact_email', models.EmailField(max_length=254, verbose_name='Contact e-mail')),
                ('contact_phone', models.CharField(blank=True, max_length=32, verbose_name='Contact phone')),
                ('website', models.URLField(blank=True, verbose_name='Website')),
                ('about', models.TextField(blank=True)),
                ('about_en', models.TextField(blank=True)),
                ('status', models.CharField(choices=[('applicant', 'Applying'), ('active', 'Active'), ('suspended', 'Suspended'), ('exited', 'Left the market')], db_default='active', default='active', max_length=16)),
                ('status_reason', models.CharField(blank=True, db_default='', default='', max_length=500)),
                ('self_operated', models.BooleanField(db_default=False, default=False)),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['created_at', 'id'], name='seller_created')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('self_operated', True)), fields=('self_operated',), name='seller_self_operated')],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('member', 'Member')], default='owner', max_length=16)),
                ('joined_at', models.DateTimeField(default=None, null=True)),
                ('groups', models.ManyToManyField(related_name='members', to='identity.group')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='E-mail')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('status', models.CharField(choices=[('pending', 'Invited'), ('accepted', 'Accepted'), ('revoked', 'Withdrawn')], default='pending', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('groups', models.ManyToManyField(related_name='+', to='identity.group')),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='invited', to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='identity.seller')),
            ],
        ),
        migrations.AddField(
            model_name='group',
            name='seller',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='identity.seller'),
        ),
        migrations.CreateModel(
            name='FormerMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('left_at', models.DateTimeField()),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=253, verbose_name='Domain')),
                ('token', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('pending', 'Not verified yet'), ('verified', 'Verified'), ('lapsed', 'Verification expired')], default='pending', max_length=8)),
                ('how', models.CharField(blank=True, choices=[('', ''), ('https', 'by the file, over https'), ('http', 'by the file, over http'), ('dns', 'by the DNS record'), ('sandbox', 'because the name points to this machine in a sandbox'), ('legacy', 'because its addresses are older than domain verification')], default='', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('verified_at', models.DateTimeField(default=None, null=True)),
                ('checked_at', models.DateTimeField(default=None, null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('seen', models.JSONField(default=list)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Company',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('registration_number', models.CharField(max_length=18, unique=True)),
                ('founded_on', models.DateField()),
                ('capital', models.PositiveBigIntegerField()),
                ('staff', models.PositiveIntegerField()),
                ('logo', models.CharField(blank=True, max_length=64)),
                ('licence', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('province', models.CharField(max_length=64)),
                ('city', models.CharField(max_length=64)),
                ('district', models.CharField(blank=True, max_length=64)),
                ('street', models.CharField(max_length=200)),
                ('contact_name', models.CharField(max_length=64)),
                ('contact_phone', models.CharField(max_length=32)),
                ('contact_email', models.EmailField(max_length=254)),
                ('market_contact', models.JSONField(default=dict)),
                ('service_days', models.PositiveSmallIntegerField()),
                ('service_from', models.CharField(max_length=5)),
                ('service_until', models.CharField(max_length=5)),
                ('updated_at', models.DateTimeField()),
                ('seller', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='company', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Certification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_holder', models.CharField(blank=True, max_length=128)),
                ('bank', models.CharField(blank=True, max_length=128)),
                ('branch', models.CharField(blank=True, max_length=128)),
                ('sealed_account', models.TextField(blank=True)),
                ('account_hint', models.CharField(blank=True, max_length=16)),
                ('taxpayer', models.CharField(blank=True, choices=[('general', 'General taxpayer'), ('small', 'Small-scale taxpayer')], max_length=16)),
                ('tax_rate', models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=5)),
                ('finance_name', models.CharField(blank=True, max_length=64)),
                ('finance_phone', models.CharField(blank=True, max_length=32)),
                ('finance_email', models.EmailField(blank=True, max_length=254)),
                ('certified_at', models.DateTimeField(default=None, null=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('locked_at', models.DateTimeField(default=None, null=True)),
                ('seller', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='certification', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='AccessKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('access_key', models.CharField(max_length=32, unique=True)),
                ('sealed', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('valid_until', models.DateTimeField(default=None, null=True)),
                ('last_used_at', models.DateTimeField(default=None, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='access_keys', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Acceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_email', models.EmailField(max_length=254)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='identity.agreement')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='SigningKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('interface_class', models.CharField(choices=[('base', 'Base interfaces'), ('kit', 'Joint-operation sync interfaces'), ('license', 'License code delivery'), ('notice', 'Order notification')], max_length=16)),
                ('key_id', models.CharField(max_length=32, unique=True)),
                ('sealed', models.TextField()),
                ('hint', models.CharField(max_length=16)),
                ('created_at', models.DateTimeField()),
                ('valid_until', models.DateTimeField(default=None, null=True)),
                ('fingerprint', models.CharField(blank=True, db_default='', default='', max_length=64)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='signing_keys', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='ProviderSignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gives_role', models.BooleanField(default=False)),
                ('sealed_refresh', models.TextField(blank=True, default='')),
                ('confirmed_at', models.DateTimeField()),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='provider_sign_ins', to=settings.AUTH_USER_MODEL)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to='identity.signinprovider')),
            ],
        ),
        migrations.CreateModel(
            name='StagedKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('interface_class', models.CharField(max_length=16)),
                ('key_id', models.CharField(max_length=32, unique=True)),
                ('sealed', models.TextField()),
                ('hint', models.CharField(max_length=16)),
                ('fingerprint', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('verified_at', models.DateTimeField(default=None, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='staged_keys', to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='staged_keys', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='AccountLock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=500)),
                ('by', models.CharField(max_length=254)),
                ('at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(default=None, null=True)),
                ('lifted_by', models.CharField(blank=True, default='', max_length=254)),
                ('lifted_reason', models.CharField(blank=True, default='', max_length=500)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='locks', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-id'], name='account_lock_user')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('user',), name='account_locked_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.UniqueConstraint(fields=('kind', 'number'), name='agreement_version'),
        ),
        migrations.AddConstraint(
            model_name='buyerkey',
            constraint=models.UniqueConstraint(fields=('user', 'name'), name='buyer_key_name'),
        ),
        migrations.AddIndex(
            model_name='login',
            index=models.Index(fields=['user', '-id'], name='log_in_user'),
        ),
        migrations.AddConstraint(
            model_name='marketinvitation',
            constraint=models.UniqueConstraint(models.F('side'), django.db.models.functions.text.Lower('email'), condition=models.Q(('status', 'sent')), name='market_invitation_once'),
        ),
        migrations.AddConstraint(
            model_name='operatorinvitation',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), condition=models.Q(('status', 'pending')), name='operator_invited_once'),
        ),
        migrations.AddConstraint(
            model_name='policyconsent',
            constraint=models.UniqueConstraint(fields=('user', 'agreement'), name='policy_consent_once'),
        ),
        migrations.AddConstraint(
            model_name='recoverycode',
            constraint=models.UniqueConstraint(fields=('factor', 'code_hash'), name='recovery_code_once'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('seller', 'user'), name='member_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(models.F('seller'), django.db.models.functions.text.Lower('email'), condition=models.Q(('status', 'pending')), name='invitation_pending_once'),
        ),
        migrations.AddConstraint(
            model_name='group',
            constraint=models.UniqueConstraint(condition=models.Q(('code', ''), _negated=True), fields=('seller', 'code'), name='group_built_in_once'),
        ),
        migrations.AddConstraint(
            model_name='group',
            constraint=models.UniqueConstraint(models.F('seller'), django.db.models.functions.text.Lower('name'), condition=models.Q(('code', '')), name='group_name_once'),
        ),
        migrations.AddConstraint(
            model_name='formermember',
            constraint=models.UniqueConstraint(fields=('user', 'seller'), name='former_member_once'),
        ),
        migrations.AddConstraint(
            model_name='domain',
            constraint=models.UniqueConstraint(fields=('seller', 'host'), name='domain_once'),
        ),
        migrations.AddConstraint(
            model_name='domain',
            constraint=models.UniqueConstraint(condition=models.Q(('how__in', ['https', 'http', 'dns']), ('status', 'verified')), fields=('host',), name='domain_proven_once'),
        ),
        migrations.AddConstraint(
            model_name='acceptance',
            constraint=models.UniqueConstraint(fields=('seller', 'agreement'), name='acceptance_once'),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.UniqueConstraint(condition=models.Q(('valid_until', None)), fields=('seller', 'interface_class'), name='signing_key_current'),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.UniqueConstraint(condition=models.Q(('fingerprint', ''), _negated=True), fields=('seller', 'fingerprint'), name='signing_key_used_once'),
        ),
        migrations.AddConstraint(
            model_name='providersignin',
            constraint=models.UniqueConstraint(fields=('user', 'provider'), name='provider_sign_in_once'),
        ),
        migrations.AddConstraint(
            model_name='stagedkey',
            constraint=models.UniqueConstraint(fields=('seller', 'interface_class'), name='staged_key_once'),
        ),
        migrations.RunPython(create_first_agreements, migrations.RunPython.noop),
    ]
