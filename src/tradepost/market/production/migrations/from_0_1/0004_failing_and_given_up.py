"""The few calls that need attention are found by an index, of one seller and of all."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_metered_offers'),
        ('identity', '0002_the_few_users'),
        ('production', '0003_purpose_and_owner'),
        ('subscriptions', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='call',
            name='call_gave_up',
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
    ]
