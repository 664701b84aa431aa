"""The accounts that every payment passes through keep the sum of their entries up to one of them."""

from django.db import migrations, models

from tradepost.market.base.schema import without_own_index


SUM_UP = """
UPDATE payments_account SET summed_minor = booked.total, summed_through = newest.last
FROM (SELECT account_id, SUM(amount_minor) AS total FROM payments_entry GROUP BY account_id) AS booked,
 (SELECT MAX(id) AS last FROM payments_entry) AS newest
WHERE booked.account_id = payments_account.id AND payments_account.kind <> 'buyer'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0002_append_only'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='summed_minor',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='account',
            name='summed_through',
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name='transfer',
            index=models.Index(fields=['reason', '-id'], name='transfer_reason'),
        ),
        migrations.AddIndex(
            model_name='transfer',
            index=models.Index(fields=['reference'], name='transfer_reference'),
        ),
        # The index by account and key serves; by the other one, what is summed already would be read again.
        without_own_index(
            'payments_entry',
            'account_id',
            migrations.AlterField(
                model_name='entry',
                name='account',
                field=models.ForeignKey(
                    db_index=False, on_delete=models.deletion.PROTECT, related_name='entries', to='payments.account'
                ),
            ),
        ),
        migrations.RunSQL(SUM_UP, migrations.RunSQL.noop, elidable=True),
    ]
