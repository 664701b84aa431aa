"""Tables of 0.2.0, and the free space on PostgreSQL's pages of calls."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def leave_room(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """On PostgreSQL, keep space on each page of calls, so that an updated call stays on its page (decision 0078)."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE production_call SET (fillfactor = 60)")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
    ]

    operations = [
        migrations.CreateModel(
            name='Address',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=512, verbose_name='Address')),
                ('protocol', models.CharField(max_length=32, verbose_name='Protocol')),
                ('require_body_sign', models.BooleanField(default=True)),
                ('encryption', models.CharField(choices=[('1', 'AES-256'), ('2', 'AES-128')], db_default='1', default='1', max_length=1)),
                ('created_at', models.DateTimeField()),
                ('breaker', models.CharField(choices=[('closed', 'Closed'), ('open', 'Open'), ('trial', 'Half-open')], default='closed', max_length=8)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('opened_at', models.DateTimeField(default=None, null=True)),
                ('trial_at', models.DateTimeField(default=None, null=True)),
                ('last_fault', models.CharField(blank=True, default='', max_length=32)),
                ('last_success_at', models.DateTimeField(default=None, null=True)),
                ('trouble', models.CharField(blank=True, db_default='', default='', max_length=32)),
                ('trouble_at', models.DateTimeField(default=None, null=True)),
                ('trouble_since', models.DateTimeField(default=None, null=True)),
                ('proven', models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list)),
                ('removed_at', models.DateTimeField(default=None, null=True)),
                ('domain', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='addresses', to='identity.domain')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Binding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='production.address')),
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='binding', to='catalog.product')),
            ],
        ),
        migrations.CreateModel(
            name='Call',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.SmallIntegerField(choices=[(0, 'waiting'), (1, 'in flight'), (2, 'held'), (3, 'ended')], default=0)),
                ('due_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(default=None, null=True)),
                ('lease_owner', models.CharField(blank=True, default='', max_length=64)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('purpose', models.CharField(choices=[('order', 'An operation of a service'), ('debug', 'A seller debugs an interface'), ('probe', 'The market probes a saved case'), ('compare', "The market compares its data with the seller's"), ('sync', 'Synchronise an enterprise, its departments and members'), ('notice', 'Notification of an order'), ('access', 'A buyer opens a service')], db_default='order', default='order', max_length=8)),
                ('owner', models.BigIntegerField(default=None, null=True)),
                ('protocol', models.CharField(max_length=32)),
                ('kind', models.CharField(max_length=32)),
                ('activity', models.CharField(max_length=32)),
                ('command', models.JSONField()),
                ('order_number', models.CharField(blank=True, default='', max_length=64)),
                ('order_line_number', models.CharField(blank=True, default='', max_length=64)),
                ('instance_id', models.CharField(blank=True, default='', max_length=64)),
                ('until_access', models.BooleanField(default=False)),
                ('hold', models.CharField(blank=True, choices=[('', ''), ('busy', 'waiting for earlier calls to this seller'), ('breaker', 'the address does not answer'), ('probes', 'waiting for a slot that orders do not need')], default='', max_length=8)),
                ('outcome', models.CharField(blank=True, choices=[('', 'under way'), ('done', 'Done'), ('gave_up', 'Gave up'), ('cancelled', 'Cancelled')], default='', max_length=16)),
                ('created_at', models.DateTimeField()),
                ('first_at', models.DateTimeField(default=None, null=True)),
                ('give_up_at', models.DateTimeField(default=None, null=True)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('restart', models.BooleanField(default=False)),
                ('trigger', models.CharField(blank=True, default='', max_length=8)),
                ('business_id', models.CharField(blank=True, default='', max_length=64)),
                ('attempt_at', models.DateTimeField(default=None, null=True)),
                ('maybe_acted', models.BooleanField(default=False)),
                ('sealed_answer', models.TextField(blank=True, default='')),
                ('claimed_instance_id', models.CharField(blank=True, default='', max_length=100)),
                ('last_verdict', models.CharField(blank=True, default='', max_length=32)),
                ('last_detail', models.CharField(blank=True, default='', max_length=1000)),
                ('address', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='production.address')),
                ('product', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, to='catalog.product')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='identity.seller')),
                ('subscription', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('trigger', models.CharField(choices=[('plan', 'scheduled'), ('restart', 'restarted manually'), ('trial', 'circuit breaker trial')], default='plan', max_length=8)),
                ('business_id', models.CharField(blank=True, default='', max_length=64)),
                ('started_at', models.DateTimeField()),
                ('milliseconds', models.FloatField(default=None, null=True)),
                ('method', models.CharField(blank=True, default='', max_length=8)),
                ('url', models.TextField(blank=True, default='')),
                ('request_headers', models.JSONField(default=list)),
                ('request_body', models.TextField(blank=True, default='')),
                ('status', models.PositiveIntegerField(default=None, null=True)),
                ('response_headers', models.JSONField(default=list)),
                ('response_body', models.TextField(blank=True, default='')),
                ('verdict', models.CharField(blank=True, default='', max_length=32)),
                ('detail', models.CharField(blank=True, default='', max_length=1000)),
                ('findings', models.JSONField(default=None, null=True)),
                ('certificate_ends', models.DateTimeField(default=None, null=True)),
                ('worker', models.CharField(blank=True, default='', max_length=64)),
                ('call', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='production.call')),
            ],
        ),
        migrations.CreateModel(
            name='NoticeBinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product_type', models.CharField(blank=True, default='', max_length=32)),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notice_bindings', to='production.address')),
                ('product', models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notice_binding', to='catalog.product')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notice_bindings', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('worker', models.CharField(max_length=64)),
                ('activity', models.CharField(max_length=32)),
                ('verdict', models.CharField(max_length=32)),
                ('attempts', models.PositiveBigIntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('under_100ms', models.PositiveBigIntegerField(default=0)),
                ('under_1s', models.PositiveBigIntegerField(default=0)),
                ('under_5s', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('hour', 'worker', 'activity', 'verdict'), name='tally_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='address',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('seller', 'url', 'protocol'), name='address_once'),
        ),
        migrations.AddIndex(
            model_name='address',
            index=models.Index(condition=models.Q(('breaker', 'open')), fields=['trial_at'], name='address_trial'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('state', 0)), fields=['due_at', 'id'], name='call_due'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('state', 2)), fields=['seller', 'hold', 'due_at'], name='call_held'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('state__in', [0, 2])), fields=['address', 'due_at'], name='call_address_waiting'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('state', 1)), fields=['seller'], name='call_seller_busy'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('state', 2)), fields=['give_up_at'], name='call_held_deadline'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(fields=['seller', '-id'], name='call_seller'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(fields=['order_number'], name='call_order'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(fields=['subscription', '-id'], name='call_subscription'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('outcome__in', ['gave_up', 'cancelled'])), fields=['outcome', '-id'], name='call_not_done'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('outcome__in', ['gave_up', 'cancelled'])), fields=['seller', 'outcome', '-id'], name='call_seller_not_done'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(models.Q(('state', 3), _negated=True), models.Q(('last_verdict__in', ('', 'done', 'pending')), _negated=True)), fields=['seller', 'give_up_at', 'id'], name='call_failing'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('last_verdict__in', ('', 'done', 'pending')), _negated=True), fields=['last_verdict', '-id'], name='call_verdict'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('last_verdict__in', ('', 'done', 'pending')), _negated=True), fields=['seller', 'last_verdict', '-id'], name='call_seller_verdict'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('activity__in', ('newInstance', 'queryInstance')), _negated=True), fields=['seller', 'activity', '-id'], name='call_seller_activity'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('purpose', 'probe'), ('state', 1)), fields=['seller'], name='call_probe_busy'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('purpose', 'order'), _negated=True), fields=['purpose', 'id'], name='call_of_no_order'),
        ),
        migrations.AddConstraint(
            model_name='call',
            constraint=models.UniqueConstraint(condition=models.Q(('purpose', 'notice')), fields=('owner',), name='call_notice_once'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('purpose', 'access'), ('state', 1)), fields=['seller'], name='call_access_busy'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(condition=models.Q(('purpose', 'access')), fields=['subscription', '-id'], name='call_access'),
        ),
        migrations.AddConstraint(
            model_name='call',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 3), models.Q(('outcome', ''), _negated=True)), models.Q(models.Q(('state', 3), _negated=True), ('outcome', '')), _connector='OR'), name='call_ended_has_outcome'),
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(fields=['seller', 'address', '-id'], name='call_seller_address'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('call', 'number'), name='attempt_number'),
        ),
        migrations.AddConstraint(
            model_name='noticebinding',
            constraint=models.UniqueConstraint(condition=models.Q(('product', None)), fields=('seller', 'product_type'), name='notice_binding_type_once'),
        ),
        migrations.AddConstraint(
            model_name='noticebinding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('product', None), models.Q(('product_type', ''), _negated=True)), models.Q(('product__isnull', False), ('product_type', '')), _connector='OR'), name='notice_binding_type_or_product'),
        ),
        migrations.RunPython(leave_room, migrations.RunPython.noop),
    ]
