"""Tables of 0.2.0."""

import django.db.models.deletion
import django.db.models.functions.text
import tradepost.market.base.ids
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
            name='Enterprise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=tradepost.market.base.ids.hex_id, max_length=32, unique=True)),
                ('code', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(max_length=255, verbose_name='Name')),
                ('status', models.CharField(choices=[('active', 'Active'), ('dissolved', 'Dissolved')], default='active', max_length=16)),
                ('people', models.PositiveIntegerField(db_default=0, default=0)),
                ('second_step_required', models.BooleanField(db_default=False, default=False)),
                ('created_at', models.DateTimeField()),
                ('dissolve_asked_at', models.DateTimeField(default=None, null=True)),
                ('dissolve_asked_by', models.BigIntegerField(default=None, null=True)),
                ('dissolve_at', models.DateTimeField(default=None, null=True)),
                ('dissolved_at', models.DateTimeField(default=None, null=True)),
                ('erased_at', models.DateTimeField(default=None, null=True)),
                ('buyer', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='enterprises', to=settings.AUTH_USER_MODEL)),
                ('test_seller', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='test_enterprises', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='DirectoryToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64)),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('begins', models.CharField(max_length=12)),
                ('made_by_text', models.CharField(max_length=255)),
                ('made_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(default=None, null=True)),
                ('made_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enterprise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='directory_tokens', to='organisations.enterprise')),
            ],
        ),
        migrations.CreateModel(
            name='Department',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=128, verbose_name='Name')),
                ('version', models.PositiveIntegerField(default=1)),
                ('removed_at', models.DateTimeField(default=None, null=True)),
                ('parent', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='organisations.department')),
                ('enterprise', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='departments', to='organisations.enterprise')),
            ],
        ),
        migrations.CreateModel(
            name='EnterpriseAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(max_length=32)),
                ('by_text', models.CharField(max_length=255)),
                ('about', models.CharField(blank=True, default='', max_length=32)),
                ('about_text', models.CharField(blank=True, default='', max_length=255)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enterprise', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='acts', to='organisations.enterprise')),
            ],
        ),
        migrations.CreateModel(
            name='Group',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, verbose_name='Name')),
                ('external_id', models.CharField(blank=True, db_default='', default='', max_length=255)),
                ('created_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(default=None, null=True)),
                ('enterprise', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='groups', to='organisations.enterprise')),
            ],
        ),
        migrations.CreateModel(
            name='ImportRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(max_length=255)),
                ('sha256', models.CharField(db_index=True, max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('status', models.CharField(choices=[('checking', 'Checking'), ('checked', 'Checked'), ('unreadable', 'Not readable'), ('importing', 'Importing'), ('done', 'Imported'), ('stopped', 'Stopped')], default='checking', max_length=16)),
                ('report', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enterprise', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='organisations.enterprise')),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='E-mail')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('user_name', models.CharField(max_length=64, verbose_name='Account name')),
                ('name', models.CharField(max_length=64, verbose_name='Name')),
                ('role', models.CharField(max_length=8)),
                ('status', models.CharField(choices=[('pending', 'Invited'), ('accepted', 'Accepted'), ('revoked', 'Withdrawn')], default='pending', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('department', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.department')),
                ('enterprise', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='organisations.enterprise')),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=tradepost.market.base.ids.hex_id, max_length=32, unique=True)),
                ('user_name', models.CharField(max_length=64, verbose_name='Account name')),
                ('name', models.CharField(max_length=64, verbose_name='Name')),
                ('role', models.CharField(choices=[('user', 'Member'), ('admin', 'Administrator')], default='user', max_length=8)),
                ('enabled', models.BooleanField(default=True)),
                ('managed', models.BooleanField(default=False)),
                ('profile', models.JSONField(default=dict)),
                ('external_id', models.CharField(blank=True, db_default='', default='', max_length=255)),
                ('directory', models.JSONField(db_default={}, default=dict)),
                ('password_at', models.DateTimeField(default=None, null=True)),
                ('password_temporary', models.BooleanField(db_default=False, default=False)),
                ('imported_by', models.BigIntegerField(default=None, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('joined_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(default=None, null=True)),
                ('department', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='organisations.department')),
                ('enterprise', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='organisations.enterprise')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enterprise_memberships', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='GroupMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('group', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='organisations.group')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='organisations.member')),
            ],
        ),
        migrations.CreateModel(
            name='AdminVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sign_in', models.BigIntegerField()),
                ('ticket_hash', models.CharField(max_length=64, unique=True)),
                ('state_hash', models.CharField(max_length=64)),
                ('secret_hash', models.CharField(default=None, max_length=64, null=True, unique=True)),
                ('auth_hash', models.CharField(max_length=64)),
                ('ticket_until', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='visits', to='organisations.member')),
            ],
        ),
        migrations.CreateModel(
            name='OwnAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(blank=True, default='', max_length=254)),
                ('confirmed_at', models.DateTimeField(default=None, null=True)),
                ('pending_email', models.EmailField(blank=True, default='', max_length=254)),
                ('pending_hash', models.CharField(default=None, max_length=64, null=True, unique=True)),
                ('pending_until', models.DateTimeField(default=None, null=True)),
                ('reset_hash', models.CharField(default=None, max_length=64, null=True, unique=True)),
                ('reset_until', models.DateTimeField(default=None, null=True)),
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='own_address', to='organisations.member')),
            ],
        ),
        migrations.CreateModel(
            name='PasswordFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('making', 'Generating'), ('ready', 'Ready to download'), ('stopped', 'Stopped'), ('deleted', 'Deleted')], default='making', max_length=8)),
                ('made', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('until', models.DateTimeField(default=None, null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enterprise', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='password_files', to='organisations.enterprise')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='password_files', to='organisations.importrun')),
            ],
        ),
        migrations.CreateModel(
            name='PasswordPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed', models.TextField()),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='organisations.passwordfile')),
            ],
        ),
        migrations.AddIndex(
            model_name='enterprise',
            index=models.Index(condition=models.Q(('dissolved_at__isnull', False), ('erased_at__isnull', True)), fields=['dissolved_at'], name='enterprise_to_erase'),
        ),
        migrations.AddConstraint(
            model_name='enterprise',
            constraint=models.UniqueConstraint(fields=('test_seller',), name='enterprise_of_tests_once'),
        ),
        migrations.AddConstraint(
            model_name='enterprise',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('buyer__isnull', True), ('test_seller__isnull', False)), models.Q(('buyer__isnull', False), ('test_seller__isnull', True)), _connector='OR'), name='enterprise_one_owner'),
        ),
        migrations.AddConstraint(
            model_name='department',
            constraint=models.UniqueConstraint(fields=('enterprise', 'code'), name='department_code'),
        ),
        migrations.AddConstraint(
            model_name='department',
            constraint=models.UniqueConstraint(condition=models.Q(('parent__isnull', False), ('removed_at__isnull', True)), fields=('enterprise', 'parent', 'name'), name='department_name_among_siblings'),
        ),
        migrations.AddConstraint(
            model_name='department',
            constraint=models.UniqueConstraint(condition=models.Q(('parent__isnull', True), ('removed_at__isnull', True)), fields=('enterprise', 'name'), name='department_name_at_the_top'),
        ),
        migrations.AddIndex(
            model_name='enterpriseact',
            index=models.Index(fields=['enterprise', '-id'], name='enterprise_act_list'),
        ),
        migrations.AddIndex(
            model_name='enterpriseact',
            index=models.Index(fields=['enterprise', 'about', '-id'], name='enterprise_act_about'),
        ),
        migrations.AddConstraint(
            model_name='group',
            constraint=models.UniqueConstraint(models.F('enterprise'), django.db.models.functions.text.Lower('name'), condition=models.Q(('removed_at__isnull', True)), name='enterprise_group_name'),
        ),
        migrations.AddIndex(
            model_name='importrun',
            index=models.Index(fields=['enterprise', '-id'], name='import_run_list'),
        ),
        migrations.AddIndex(
            model_name='importrun',
            index=models.Index(condition=models.Q(('sha256', ''), _negated=True), fields=['id'], name='import_run_with_file'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(fields=['enterprise', 'status', '-id'], name='enterprise_invitation_list'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(models.F('enterprise'), django.db.models.functions.text.Lower('email'), condition=models.Q(('status', 'pending')), name='enterprise_invitation_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'pending')), fields=('enterprise', 'user_name'), name='enterprise_invitation_name'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(condition=models.Q(('removed_at__isnull', True)), fields=['enterprise', '-id'], name='enterprise_member_living'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(condition=models.Q(('removed_at__isnull', True)), fields=['department', '-id'], name='enterprise_member_department'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(condition=models.Q(('removed_at__isnull', False)), fields=['enterprise', '-id'], name='enterprise_member_removed'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(condition=models.Q(('removed_at__isnull', True), ('role', 'admin')), fields=['enterprise', '-id'], name='enterprise_member_admins'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(condition=models.Q(('managed', True), ('password_at__isnull', True), ('removed_at__isnull', True)), fields=['enterprise', '-id'], name='enterprise_member_no_password'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(fields=['enterprise', 'user_name'], name='enterprise_member_begins', opclasses=['int8_ops', 'varchar_pattern_ops']),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(fields=['enterprise', 'name'], name='enterprise_member_name', opclasses=['int8_ops', 'varchar_pattern_ops']),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(fields=['enterprise', 'external_id'], name='enterprise_member_external'),
        ),
        migrations.AddIndex(
            model_name='member',
            index=models.Index(condition=models.Q(('imported_by__isnull', False)), fields=['imported_by', 'id'], name='enterprise_member_imported'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('enterprise', 'user_name'), name='enterprise_member_user_name'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('enterprise', 'user'), name='enterprise_member_once'),
        ),
        migrations.AddIndex(
            model_name='groupmember',
            index=models.Index(fields=['group', '-id'], name='enterprise_group_member_list'),
        ),
        migrations.AddConstraint(
            model_name='groupmember',
            constraint=models.UniqueConstraint(fields=('group', 'member'), name='enterprise_group_member_once'),
        ),
        migrations.AddIndex(
            model_name='adminvisit',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['sign_in'], name='admin_visit_sign_in'),
        ),
        migrations.AddIndex(
            model_name='adminvisit',
            index=models.Index(fields=['expires_at'], name='admin_visit_expires'),
        ),
        migrations.AddConstraint(
            model_name='passwordfile',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'making')), fields=('enterprise',), name='password_file_one_making'),
        ),
        migrations.AddIndex(
            model_name='passwordfile',
            index=models.Index(condition=models.Q(('status', 'deleted'), _negated=True), fields=['enterprise', '-id'], name='password_file_kept'),
        ),
    ]
