"""Tables of 0.2.0, the triggers that make usage records append-only, and PostgreSQL's index of voids."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


CHANGED = " OR ".join(
    f"NEW.{name} IS DISTINCT FROM OLD.{name}"
    for name in (
        "id", "push_id", "seller_id", "subscription_id", "package_id", "begin_at", "end_at", "sn", "quantity", "sign",
        "voids_id", "cycle", "accumulation_start",
    )
) + " OR OLD.voided OR NOT NEW.voided"
"""Changes of a record that are refused: all but the first void."""

POSTGRESQL = f"""
CREATE FUNCTION metering_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'metering_record' THEN
    IF NOT ({CHANGED}) THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'usage records are append-only: % of % refused', TG_OP, TG_TABLE_NAME;
END $$;
"""
TABLES = ("metering_record", "metering_void", "metering_meter", "metering_collection", "metering_deduction")
VOIDS_ONCE = "record_voids_once"


def make_append_only(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Refuse changes and deletions of usage records and deductions in the database."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)  # its % is not a placeholder
        for table in TABLES:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION metering_append_only()"
            )
        return
    for table in TABLES:
        rows = "deductions" if table == "metering_deduction" else "usage records"
        refuse = f"BEGIN SELECT RAISE(ABORT, '{rows} are append-only'); END"
        condition = f"WHEN {CHANGED.replace('IS DISTINCT FROM', 'IS NOT')} " if table == "metering_record" else ""
        schema_editor.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {condition}{refuse}")
        schema_editor.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")


def index_voids_only(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """On PostgreSQL, replace the unique index of all records by one of voids.

    The full index would hold a NULL for every other record, at one place where concurrent writers wait for each other.
    To Django the column stays unique. SQLite has one writer and keeps the full index."""
    if schema_editor.connection.vendor != "postgresql":
        return
    record = apps.get_model("metering", "Record")
    table, column = map(schema_editor.quote_name, (record._meta.db_table, "voids_id"))  # noqa: SLF001
    schema_editor.execute(f"CREATE UNIQUE INDEX {VOIDS_ONCE} ON {table} ({column}) WHERE {column} IS NOT NULL")
    for name in schema_editor._constraint_names(record, ["voids_id"], unique=True, exclude={VOIDS_ONCE}):  # noqa: SLF001
        schema_editor.execute(schema_editor._delete_unique_sql(record, name))  # noqa: SLF001


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
    ]

    operations = [
        migrations.CreateModel(
            name='Meter',
            fields=[
                ('subscription', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='meter', serialize=False, to='subscriptions.subscription')),
                ('code', models.CharField(max_length=64)),
                ('unit', models.CharField(max_length=32)),
                ('unit_en', models.CharField(max_length=32)),
                ('cycle', models.CharField(choices=[('hour', 'each hour'), ('day', 'each day'), ('month', 'each month')], max_length=8)),
                ('accumulation', models.CharField(blank=True, max_length=8)),
                ('model', models.CharField(choices=[('linear', 'linear'), ('tier', 'tier'), ('step', 'step')], max_length=8)),
                ('price', models.DecimalField(decimal_places=8, max_digits=16)),
                ('bands', models.JSONField(default=list)),
                ('currency', models.CharField(max_length=3)),
            ],
        ),
        migrations.CreateModel(
            name='Record',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('begin_at', models.DateTimeField()),
                ('end_at', models.DateTimeField()),
                ('sn', models.CharField(blank=True, max_length=64)),
                ('quantity', models.BigIntegerField()),
                ('sign', models.SmallIntegerField(default=1)),
                ('voided', models.BooleanField(default=False)),
                ('cycle', models.CharField(choices=[('hour', 'each hour'), ('day', 'each day'), ('month', 'each month')], max_length=8)),
                ('accumulation_start', models.DateTimeField()),
                ('package', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Collection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cycle', models.CharField(choices=[('hour', 'each hour'), ('day', 'each day'), ('month', 'each month')], max_length=8)),
                ('after_id', models.BigIntegerField()),
                ('upto_id', models.BigIntegerField()),
                ('closed_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['cycle', '-id'], name='collection_cycle')],
                'constraints': [models.UniqueConstraint(fields=('cycle', 'after_id'), name='collection_once'), models.CheckConstraint(condition=models.Q(('after_id__lte', models.F('upto_id'))), name='collection_goes_on')],
            },
        ),
        migrations.CreateModel(
            name='Package',
            fields=[
                ('subscription', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='package', serialize=False, to='subscriptions.subscription')),
                ('stops', models.BooleanField()),
                ('reset', models.CharField(blank=True, max_length=8)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(default=None, null=True)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='packages', to='identity.seller')),
                ('service', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='packages', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Push',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('api', models.CharField(choices=[('new', 'New edition'), ('old', 'Older edition'), ('2018', '2018 edition'), ('own', 'Measured by the market')], max_length=4)),
                ('received_at', models.DateTimeField()),
                ('received', models.PositiveSmallIntegerField()),
                ('accepted', models.PositiveSmallIntegerField()),
                ('repeated', models.PositiveSmallIntegerField()),
                ('refused', models.PositiveSmallIntegerField()),
                ('first_record', models.BigIntegerField(default=None, null=True)),
                ('last_record', models.BigIntegerField(default=None, null=True)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_pushes', to='identity.seller')),
            ],
        ),
        migrations.CreateModel(
            name='Quota',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('amount', models.BigIntegerField()),
                ('remaining', models.BigIntegerField()),
                ('package', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='quotas', to='metering.package')),
                ('service', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Void',
            fields=[
                ('record', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='void', serialize=False, to='metering.record')),
                ('reason', models.CharField(max_length=500)),
                ('actor', models.CharField(max_length=128)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='record',
            name='push',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='records', to='metering.push'),
        ),
        migrations.AddField(
            model_name='record',
            name='seller',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_records', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='record',
            name='subscription',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_records', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='record',
            name='voids',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='voided_by', to='metering.record'),
        ),
        migrations.CreateModel(
            name='RefusedRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('instance_id', models.CharField(blank=True, max_length=64)),
                ('sn', models.CharField(blank=True, max_length=64)),
                ('code', models.CharField(max_length=3)),
                ('field', models.CharField(blank=True, max_length=32)),
                ('differs', models.BooleanField(default=False)),
                ('raw', models.TextField()),
                ('at', models.DateTimeField()),
                ('push', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='refused_records', to='metering.push')),
                ('seller', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='refused_usage', to='identity.seller')),
                ('subscription', models.ForeignKey(db_constraint=False, db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refused_usage', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='UsageCell',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('accumulation_start', models.DateTimeField()),
                ('quantity', models.BigIntegerField()),
                ('free', models.BooleanField()),
                ('named', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.package')),
                ('service', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscriptions.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='Deduction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('delta', models.BigIntegerField()),
                ('collection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.collection')),
                ('package', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deductions', to='metering.package')),
                ('quota', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deductions', to='metering.quota')),
                ('cell', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deductions', to='metering.usagecell')),
            ],
        ),
        migrations.CreateModel(
            name='Nonce',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('nonce', models.CharField(max_length=128)),
                ('until', models.DateTimeField(db_index=True)),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('seller', 'nonce'), name='usage_nonce_once')],
            },
        ),
        migrations.AddIndex(
            model_name='package',
            index=models.Index(fields=['seller', '-subscription'], name='package_seller'),
        ),
        migrations.AddIndex(
            model_name='package',
            index=models.Index(fields=['service', '-subscription'], name='package_service'),
        ),
        migrations.AddConstraint(
            model_name='package',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at__lt', models.F('ends_at'))), name='package_has_a_length'),
        ),
        migrations.AddIndex(
            model_name='push',
            index=models.Index(fields=['seller', '-id'], name='push_seller'),
        ),
        migrations.AddConstraint(
            model_name='push',
            constraint=models.CheckConstraint(condition=models.Q(('received', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('accepted'), '+', models.F('repeated')), '+', models.F('refused')))), name='push_adds_up'),
        ),
        migrations.AddIndex(
            model_name='quota',
            index=models.Index(fields=['service', 'ends_at'], name='quota_service'),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.UniqueConstraint(fields=('package', 'starts_at'), name='quota_once'),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.CheckConstraint(condition=models.Q(('starts_at__lt', models.F('ends_at'))), name='quota_has_a_length'),
        ),
        migrations.AddConstraint(
            model_name='quota',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('remaining__gte', 0), ('remaining__lte', models.F('amount'))), name='quota_remaining'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.UniqueConstraint(condition=models.Q(('sign', 1), ('voided', False)), fields=('subscription', 'begin_at', 'end_at'), name='record_window_once'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.UniqueConstraint(condition=models.Q(('sign', 1), ('voided', False), models.Q(('sn', ''), _negated=True)), fields=('seller', 'sn'), name='record_sn_once'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['seller', '-id'], name='record_seller'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['subscription', '-id'], name='record_subscription'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['seller', 'begin_at'], name='record_seller_begin'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(condition=models.Q(('sign', 1), ('voided', True)), fields=['seller', '-id'], name='record_voided'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(condition=models.Q(('cycle', 'hour'), _negated=True), fields=['cycle', 'id'], name='record_seldom_collected'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='record_has_usage'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sign', 1), ('voids', None)), models.Q(('sign', -1), ('voided', False), ('voids__isnull', False)), _connector='OR'), name='record_sign_fits'),
        ),
        migrations.AddIndex(
            model_name='refusedrecord',
            index=models.Index(fields=['seller', '-id'], name='refused_seller'),
        ),
        migrations.AddIndex(
            model_name='refusedrecord',
            index=models.Index(fields=['seller', 'code', '-id'], name='refused_seller_code'),
        ),
        migrations.AddIndex(
            model_name='refusedrecord',
            index=models.Index(fields=['seller', 'at'], name='refused_seller_at'),
        ),
        migrations.AddIndex(
            model_name='refusedrecord',
            index=models.Index(fields=['seller', 'instance_id', '-id'], name='refused_seller_instance'),
        ),
        migrations.AddIndex(
            model_name='usagecell',
            index=models.Index(fields=['service', 'starts_at'], name='cell_service'),
        ),
        migrations.AddConstraint(
            model_name='usagecell',
            constraint=models.UniqueConstraint(condition=models.Q(('named', None)), fields=('service', 'starts_at'), name='cell_once'),
        ),
        migrations.AddConstraint(
            model_name='usagecell',
            constraint=models.UniqueConstraint(condition=models.Q(('named__isnull', False)), fields=('service', 'starts_at', 'named'), name='cell_of_named_once'),
        ),
        migrations.AddIndex(
            model_name='deduction',
            index=models.Index(fields=['package', '-id'], name='deduction_package'),
        ),
        migrations.AddConstraint(
            model_name='deduction',
            constraint=models.CheckConstraint(condition=models.Q(('delta', 0), _negated=True), name='deduction_of_something'),
        ),
        migrations.RunPython(make_append_only, migrations.RunPython.noop),
        migrations.RunPython(index_voids_only, migrations.RunPython.noop),
    ]
