"""Tables of 0.2.0, and the triggers that make the ledger append-only."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


TABLES = ("payments_entry", "payments_transfer")

POSTGRESQL = """
CREATE OR REPLACE FUNCTION tradepost_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only: % of % refused', TG_OP, TG_TABLE_NAME; END $$;
"""


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Refuse changes and deletions of ledger entries and transfers in the database."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)  # its % is not a placeholder
    for table in TABLES:
        if vendor == "postgresql":
            schema_editor.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION tradepost_append_only()"
            )
            continue
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            continue
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{verb}")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('buyer', "Buyer's balance"), ('seller', 'Owed to the seller'), ('clearing', 'Paid, not delivered yet'), ('cash', 'External deposits'), ('suspense', 'Received, payer unknown'), ('debt', 'Owed by the buyer for usage'), ('uncollected', 'Charged for the seller, not paid by the buyer yet'), ('payable', 'To be paid out to the seller'), ('fee', "The market's own fee"), ('held', 'Held for withdrawals')], max_length=16)),
                ('currency', models.CharField(max_length=3)),
                ('balance_minor', models.BigIntegerField(default=0)),
                ('summed_minor', models.BigIntegerField(db_default=0, default=0)),
                ('summed_through', models.BigIntegerField(db_default=0, default=0)),
                ('may_owe_minor', models.BigIntegerField(db_default=0, default=0)),
                ('seller', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, to='identity.seller')),
                ('user', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='DayTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('kind', models.CharField(choices=[('top_up', 'Top-up'), ('payment', 'Payment'), ('refund', 'Refund'), ('earned', 'Delivered to the buyer'), ('taken_back', 'Deducted for a refund'), ('assigned', 'Assigned to its buyer'), ('sent_back', 'Returned to the payer'), ('charged', 'Usage'), ('collected', 'Payment for usage'), ('credited', 'Credit for usage'), ('settled', 'Statement confirmed'), ('paid_out', 'Paid out to the seller'), ('corrected', 'Correction'), ('withdrawal', 'Withdrawal requested'), ('released', 'Withdrawal cancelled'), ('withdrawn', 'Withdrawal paid'), ('wd_returned', 'Withdrawal returned by the bank'), ('bounced', 'Returned payment sent back by the bank')], max_length=16)),
                ('currency', models.CharField(max_length=3)),
                ('transfers', models.BigIntegerField()),
                ('minor', models.BigIntegerField()),
                ('summed_through', models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                'indexes': [models.Index(fields=['-summed_through'], name='day_total_through')],
                'constraints': [models.UniqueConstraint(fields=('day', 'kind', 'currency'), name='day_total_once')],
            },
        ),
        migrations.CreateModel(
            name='Intent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=16, unique=True)),
                ('provider', models.CharField(choices=[('offline', 'Bank transfer')], max_length=16)),
                ('status', models.CharField(choices=[('created', 'Creating'), ('pending', 'Waiting for payment'), ('in_review', 'Checking proof'), ('succeeded', 'Booked'), ('failed', 'Proof not accepted'), ('expired', 'Expired'), ('withdrawn', 'Withdrawn')], max_length=16)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('purpose', models.CharField(blank=True, default='', max_length=64)),
                ('pay_to', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('waits_until', models.DateTimeField()),
                ('proof_at', models.DateTimeField(default=None, null=True)),
                ('check_by', models.DateTimeField(default=None, null=True)),
                ('opinion', models.CharField(blank=True, default='', max_length=500)),
                ('decided_by', models.CharField(blank=True, default='', max_length=254)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('seller', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='intents', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='KindTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('buyer', "Buyer's balance"), ('seller', 'Owed to the seller'), ('clearing', 'Paid, not delivered yet'), ('cash', 'External deposits'), ('suspense', 'Received, payer unknown'), ('debt', 'Owed by the buyer for usage'), ('uncollected', 'Charged for the seller, not paid by the buyer yet'), ('payable', 'To be paid out to the seller'), ('fee', "The market's own fee"), ('held', 'Held for withdrawals')], max_length=16)),
                ('currency', models.CharField(max_length=3)),
                ('summed_minor', models.BigIntegerField(default=0)),
                ('summed_through', models.BigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'currency'), name='kind_total_once')],
            },
        ),
        migrations.CreateModel(
            name='Transfer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('top_up', 'Top-up'), ('payment', 'Payment'), ('refund', 'Refund'), ('earned', 'Delivered to the buyer'), ('taken_back', 'Deducted for a refund'), ('assigned', 'Assigned to its buyer'), ('sent_back', 'Returned to the payer'), ('charged', 'Usage'), ('collected', 'Payment for usage'), ('credited', 'Credit for usage'), ('settled', 'Statement confirmed'), ('paid_out', 'Paid out to the seller'), ('corrected', 'Correction'), ('withdrawal', 'Withdrawal requested'), ('released', 'Withdrawal cancelled'), ('withdrawn', 'Withdrawal paid'), ('wd_returned', 'Withdrawal returned by the bank'), ('bounced', 'Returned payment sent back by the bank')], max_length=16)),
                ('reference', models.CharField(max_length=64)),
                ('order_number', models.CharField(blank=True, db_index=True, default='', max_length=64)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('actor', models.CharField(max_length=128)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['reason', '-id'], name='transfer_reason'), models.Index(fields=['reference'], name='transfer_reference')],
                'constraints': [models.UniqueConstraint(fields=('reason', 'reference'), name='transfer_once')],
            },
        ),
        migrations.CreateModel(
            name='ProviderFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(choices=[('offline', 'Bank transfer')], max_length=16)),
                ('provider_no', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('unmatched', 'Payer unknown'), ('matched', 'Assigned'), ('returned', 'Sent back'), ('void', 'Entered by mistake')], max_length=16)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('corrected_minor', models.PositiveBigIntegerField(default=None, null=True)),
                ('payer', models.CharField(blank=True, default='', max_length=200)),
                ('words', models.CharField(blank=True, default='', max_length=200)),
                ('note', models.CharField(blank=True, default='', max_length=200)),
                ('seen_at', models.DateTimeField()),
                ('seen_by', models.CharField(max_length=254)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('ended_by', models.CharField(blank=True, default='', max_length=254)),
                ('bounces', models.PositiveSmallIntegerField(default=0)),
                ('intent', models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='fact', to='payments.intent')),
                ('seller', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller')),
                ('user', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('arrival', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='fact', to='payments.transfer')),
                ('moved', models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='moved_fact', to='payments.transfer')),
            ],
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_minor', models.BigIntegerField()),
                ('balance_after_minor', models.BigIntegerField(default=None, null=True)),
                ('statement_kind', models.CharField(blank=True, choices=[('top_up', 'Top-up'), ('payment', 'Payment'), ('refund', 'Refund'), ('earned', 'Delivered to the buyer'), ('taken_back', 'Deducted for a refund'), ('assigned', 'Assigned to its buyer'), ('sent_back', 'Returned to the payer'), ('charged', 'Usage'), ('collected', 'Payment for usage'), ('credited', 'Credit for usage'), ('settled', 'Statement confirmed'), ('paid_out', 'Paid out to the seller'), ('corrected', 'Correction'), ('withdrawal', 'Withdrawal requested'), ('released', 'Withdrawal cancelled'), ('withdrawn', 'Withdrawal paid'), ('wd_returned', 'Withdrawal returned by the bank'), ('bounced', 'Returned payment sent back by the bank')], db_default='', default='', max_length=16)),
                ('at', models.DateTimeField(default=None, null=True)),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='payments.account')),
                ('transfer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='payments.transfer')),
            ],
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('minor_before', models.BigIntegerField()),
                ('minor', models.BigIntegerField()),
                ('owed_minor', models.BigIntegerField(default=0)),
                ('reason', models.CharField(max_length=200)),
                ('by_text', models.CharField(max_length=254)),
                ('at', models.DateTimeField()),
                ('account', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.account')),
                ('account_before', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.account')),
                ('booked', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='correction', to='payments.transfer')),
                ('transfer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='payments.transfer')),
            ],
        ),
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=16, unique=True)),
                ('status', models.CharField(choices=[('requested', 'Being checked'), ('approved', 'Approved, to be paid'), ('paid', 'Paid to the bank account'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn'), ('returned', 'Returned by the bank')], default='requested', max_length=16)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('holder', models.CharField(max_length=128)),
                ('bank', models.CharField(max_length=128)),
                ('branch', models.CharField(blank=True, default='', max_length=128)),
                ('sealed_account', models.TextField()),
                ('account_hint', models.CharField(max_length=16)),
                ('requested_at', models.DateTimeField()),
                ('approved_by', models.CharField(blank=True, default='', max_length=254)),
                ('approved_at', models.DateTimeField(default=None, null=True)),
                ('bank_number', models.CharField(blank=True, default='', max_length=64)),
                ('paid_at', models.DateTimeField(default=None, null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'buyer')), fields=('user', 'currency'), name='account_buyer'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'seller')), fields=('seller', 'currency'), name='account_seller'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('seller', None), ('user', None)), fields=('kind', 'currency'), name='account_market_once'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'debt')), fields=('user', 'currency'), name='account_debt'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'uncollected')), fields=('seller', 'currency'), name='account_uncollected'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'payable')), fields=('seller', 'currency'), name='account_payable'),
        ),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(condition=models.Q(('kind', 'buyer'), _negated=True), fields=['kind', '-id'], name='account_of_kind'),
        ),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(condition=models.Q(('kind', 'buyer'), _negated=True), fields=['-summed_through'], name='account_summed'),
        ),
        migrations.AddIndex(
            model_name='account',
            index=models.Index(condition=models.Q(('balance_minor__lt', 0)), fields=['-id'], name='account_overdrawn'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('balance_minor__gte', 0), ('balance_minor__gte', django.db.models.expressions.CombinedExpression(models.F('may_owe_minor'), '*', models.Value(-1))), _connector='OR'), name='account_not_overdrawn'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(fields=['user', '-id'], name='intent_of_user'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(fields=['status', '-id'], name='intent_status'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('status', 'in_review')), fields=['check_by'], name='intent_to_check'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('purpose', ''), _negated=True), fields=['purpose'], name='intent_purpose'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(fields=['user', 'status', '-id'], name='intent_of_user_status'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('status__in', ['pending', 'in_review'])), fields=['user', '-id'], name='intent_open_of_user'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('seller__isnull', False)), fields=['seller', '-id'], name='intent_of_seller'),
        ),
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('status__in', ['pending', 'in_review'])), fields=['seller', '-id'], name='intent_open_of_seller'),
        ),
        migrations.AddConstraint(
            model_name='intent',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='intent_of_something'),
        ),
        migrations.AddIndex(
            model_name='providerfact',
            index=models.Index(fields=['status', '-id'], name='provider_fact_status'),
        ),
        migrations.AddConstraint(
            model_name='providerfact',
            constraint=models.UniqueConstraint(fields=('provider', 'provider_no'), name='provider_fact_once'),
        ),
        migrations.AddConstraint(
            model_name='providerfact',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='provider_fact_of_something'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['account', '-id'], name='entry_account'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(condition=models.Q(('statement_kind', ''), _negated=True), fields=['account', 'statement_kind', '-id'], name='entry_of_a_kind'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(condition=models.Q(('at__isnull', False)), fields=['account', 'at', 'id'], name='entry_of_a_day'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), _negated=True), name='entry_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.UniqueConstraint(fields=('transfer', 'number'), name='correction_once'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('minor__gte', 0), ('owed_minor__gte', 0)), name='correction_not_negative'),
        ),
        migrations.AddIndex(
            model_name='withdrawal',
            index=models.Index(fields=['user', '-id'], name='withdrawal_of_user'),
        ),
        migrations.AddIndex(
            model_name='withdrawal',
            index=models.Index(fields=['status', '-id'], name='withdrawal_status'),
        ),
        migrations.AddIndex(
            model_name='withdrawal',
            index=models.Index(condition=models.Q(('status__in', ['requested', 'approved'])), fields=['user', 'id'], name='withdrawal_open_of_user'),
        ),
        migrations.AddIndex(
            model_name='withdrawal',
            index=models.Index(condition=models.Q(('status__in', ['requested', 'approved'])), fields=['id'], name='withdrawal_open'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='withdrawal_of_something'),
        ),
        migrations.RunPython(install, remove),
    ]
