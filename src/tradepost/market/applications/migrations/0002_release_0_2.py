"""Tables of 0.2.0, second part."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('applications', '0001_release_0_2'),
        ('catalog', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('organisations', '0001_release_0_2'),
        ('production', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
    ]

    operations = [
        migrations.AddField(
            model_name='application',
            name='address',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='production.address'),
        ),
        migrations.AddField(
            model_name='application',
            name='product',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='application', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='application',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='applications', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='authorisation',
            name='member',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='authorisations', to='organisations.member'),
        ),
        migrations.AddField(
            model_name='bounddepartment',
            name='department',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bindings', to='organisations.department'),
        ),
        migrations.AddField(
            model_name='boundgroup',
            name='group',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bindings', to='organisations.group'),
        ),
        migrations.AddField(
            model_name='client',
            name='application',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clients', to='applications.application'),
        ),
        migrations.AddField(
            model_name='client',
            name='enterprise',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='clients', to='organisations.enterprise'),
        ),
        migrations.AddField(
            model_name='signinentry',
            name='application',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='applications.application'),
        ),
        migrations.AddField(
            model_name='signinentry',
            name='enterprise',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.enterprise'),
        ),
        migrations.AddField(
            model_name='signinentry',
            name='member',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.member'),
        ),
        migrations.AddField(
            model_name='sync',
            name='call',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sync', to='production.call'),
        ),
        migrations.AddField(
            model_name='tenantbinding',
            name='address',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tenant_bindings', to='production.address'),
        ),
        migrations.AddField(
            model_name='tenantbinding',
            name='application',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='applications.application'),
        ),
        migrations.AddField(
            model_name='tenantbinding',
            name='enterprise',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='organisations.enterprise'),
        ),
        migrations.AddField(
            model_name='tenantbinding',
            name='subscription',
            field=models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='synceddepartment',
            name='binding',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='synced_departments', to='applications.tenantbinding'),
        ),
        migrations.AddField(
            model_name='sync',
            name='binding',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='syncs', to='applications.tenantbinding'),
        ),
        migrations.AddField(
            model_name='boundgroup',
            name='binding',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='applications.tenantbinding'),
        ),
        migrations.AddField(
            model_name='bounddepartment',
            name='binding',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='departments', to='applications.tenantbinding'),
        ),
        migrations.AddField(
            model_name='authorisation',
            name='binding',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='authorisations', to='applications.tenantbinding'),
        ),
        migrations.AddIndex(
            model_name='application',
            index=models.Index(fields=['seller', '-id'], name='application_seller'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.UniqueConstraint(fields=('enterprise', 'application'), name='client_once'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.UniqueConstraint(condition=models.Q(('callback', ''), _negated=True), fields=('enterprise', 'callback'), name='client_callback'),
        ),
        migrations.AddIndex(
            model_name='signinentry',
            index=models.Index(fields=['enterprise', '-id'], name='sign_in_log'),
        ),
        migrations.AddIndex(
            model_name='signinentry',
            index=models.Index(condition=models.Q(('succeeded', False)), fields=['enterprise', '-id'], name='sign_in_log_failed'),
        ),
        migrations.AddIndex(
            model_name='signinentry',
            index=models.Index(fields=['enterprise', 'application', '-id'], name='sign_in_log_application'),
        ),
        migrations.AddIndex(
            model_name='signinentry',
            index=models.Index(condition=models.Q(('succeeded', False)), fields=['enterprise', 'application', '-id'], name='sign_in_log_refused'),
        ),
        migrations.AddIndex(
            model_name='signinentry',
            index=models.Index(condition=models.Q(('member__isnull', False)), fields=['member', '-id'], name='sign_in_log_member'),
        ),
        migrations.AddIndex(
            model_name='signinentry',
            index=models.Index(condition=models.Q(('member__isnull', False), ('succeeded', False)), fields=['member', '-id'], name='sign_in_log_member_bad'),
        ),
        migrations.AddIndex(
            model_name='signinentry',
            index=models.Index(fields=['enterprise', 'at'], name='sign_in_log_at'),
        ),
        migrations.AddConstraint(
            model_name='tenantbinding',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('status', 'unbound'), _negated=True), models.Q(('subscription', None), _negated=True)), fields=('subscription',), name='tenant_binding_service'),
        ),
        migrations.AddConstraint(
            model_name='tenantbinding',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('status', 'unbound'), _negated=True), ('single', True)), fields=('enterprise', 'application'), name='tenant_binding_single'),
        ),
        migrations.AddIndex(
            model_name='tenantbinding',
            index=models.Index(fields=['enterprise', '-id'], name='tenant_binding_enterprise'),
        ),
        migrations.AddIndex(
            model_name='tenantbinding',
            index=models.Index(fields=['application', '-id'], name='tenant_binding_application'),
        ),
        migrations.AddIndex(
            model_name='tenantbinding',
            index=models.Index(fields=['subscription', '-id'], name='tenant_binding_subscription'),
        ),
        migrations.AddIndex(
            model_name='tenantbinding',
            index=models.Index(fields=['status', '-id'], name='tenant_binding_status'),
        ),
        migrations.AddConstraint(
            model_name='synceddepartment',
            constraint=models.UniqueConstraint(fields=('binding', 'code'), name='synced_department_once'),
        ),
        migrations.AddConstraint(
            model_name='sync',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'running')), fields=('binding',), name='sync_one_running'),
        ),
        migrations.AddConstraint(
            model_name='sync',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'stopped')), fields=('binding', 'kind'), name='sync_stopped_once'),
        ),
        migrations.AddIndex(
            model_name='sync',
            index=models.Index(fields=['binding', '-id'], name='sync_binding'),
        ),
        migrations.AddConstraint(
            model_name='sync',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'waiting')), fields=('binding', 'kind'), name='sync_waiting_once'),
        ),
        migrations.AddConstraint(
            model_name='boundgroup',
            constraint=models.UniqueConstraint(fields=('binding', 'group'), name='bound_group_once'),
        ),
        migrations.AddConstraint(
            model_name='bounddepartment',
            constraint=models.UniqueConstraint(fields=('binding', 'department'), name='bound_department_once'),
        ),
        migrations.AddIndex(
            model_name='authorisation',
            index=models.Index(condition=models.Q(('version', models.F('acked_version')), _negated=True), fields=['binding', 'wanted', 'told', 'id'], name='authorisation_dirty'),
        ),
        migrations.AddIndex(
            model_name='authorisation',
            index=models.Index(condition=models.Q(('batch', None), _negated=True), fields=['batch'], name='authorisation_batch'),
        ),
        migrations.AddIndex(
            model_name='authorisation',
            index=models.Index(condition=models.Q(('wanted', True)), fields=['binding', '-id'], name='authorisation_wanted'),
        ),
        migrations.AddConstraint(
            model_name='authorisation',
            constraint=models.UniqueConstraint(fields=('binding', 'member'), name='authorisation_once'),
        ),
    ]
