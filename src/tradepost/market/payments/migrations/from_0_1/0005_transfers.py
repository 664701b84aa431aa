"""Transfers that buyers announce, money that came, and what all accounts of a kind hold together."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


SUM_UP = """
INSERT INTO payments_kindtotal (kind, currency, summed_minor, summed_through)
SELECT a.kind, a.currency, SUM(e.amount_minor), (SELECT MAX(id) FROM payments_entry)
FROM payments_entry e JOIN payments_account a ON a.id = e.account_id GROUP BY a.kind, a.currency
"""


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0009_expiry_day'),
        ('payments', '0004_taken_back'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Intent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=16, unique=True)),
                ('provider', models.CharField(choices=[('offline', 'Bank transfer')], max_length=16)),
                ('status', models.CharField(choices=[('created', 'Being made'), ('pending', 'Waiting for the money'), ('in_review', 'Proof is checked'), ('succeeded', 'On the balance'), ('failed', 'Proof not accepted'), ('expired', 'Not waited for any more'), ('withdrawn', 'Withdrawn')], max_length=16)),
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
            ],
        ),
        migrations.CreateModel(
            name='KindTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('buyer', "Buyer's balance"), ('seller', 'Owed to the seller'), ('clearing', 'Paid, not delivered yet'), ('cash', 'Money that came from outside'), ('suspense', 'Came, but whose it is is not known')], max_length=16)),
                ('currency', models.CharField(max_length=3)),
                ('summed_minor', models.BigIntegerField(default=0)),
                ('summed_through', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='ProviderFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(choices=[('offline', 'Bank transfer')], max_length=16)),
                ('provider_no', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('unmatched', 'Whose it is is not known'), ('matched', "On a buyer's balance"), ('returned', 'Sent back')], max_length=16)),
                ('amount_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('payer', models.CharField(blank=True, default='', max_length=200)),
                ('words', models.CharField(blank=True, default='', max_length=200)),
                ('note', models.CharField(blank=True, default='', max_length=200)),
                ('seen_at', models.DateTimeField()),
                ('seen_by', models.CharField(max_length=254)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('ended_by', models.CharField(blank=True, default='', max_length=254)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='account',
            name='account_market',
        ),
        migrations.AlterField(
            model_name='account',
            name='kind',
            field=models.CharField(choices=[('buyer', "Buyer's balance"), ('seller', 'Owed to the seller'), ('clearing', 'Paid, not delivered yet'), ('cash', 'Money that came from outside'), ('suspense', 'Came, but whose it is is not known')], max_length=16),
        ),
        migrations.AlterField(
            model_name='transfer',
            name='reason',
            field=models.CharField(choices=[('top_up', 'Top-up'), ('payment', 'Payment'), ('refund', 'Refund'), ('earned', 'Delivered to the buyer'), ('taken_back', 'Taken back for a refund'), ('assigned', 'Assigned to its buyer'), ('sent_back', 'Sent back to who paid it')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.UniqueConstraint(condition=models.Q(('seller', None), ('user', None)), fields=('kind', 'currency'), name='account_market_once'),
        ),
        migrations.AddField(
            model_name='intent',
            name='user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='intents', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='kindtotal',
            constraint=models.UniqueConstraint(fields=('kind', 'currency'), name='kind_total_once'),
        ),
        migrations.AddField(
            model_name='providerfact',
            name='arrival',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='fact', to='payments.transfer'),
        ),
        migrations.AddField(
            model_name='providerfact',
            name='intent',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='fact', to='payments.intent'),
        ),
        migrations.AddField(
            model_name='providerfact',
            name='moved',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='moved_fact', to='payments.transfer'),
        ),
        migrations.AddField(
            model_name='providerfact',
            name='user',
            field=models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
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
        migrations.RunSQL(SUM_UP, migrations.RunSQL.noop, elidable=True),
    ]
