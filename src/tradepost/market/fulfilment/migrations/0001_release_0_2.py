"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Drift',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(choices=[('gone', 'The instance does not exist at the seller'), ('left', 'The seller still keeps the instance of an ended service'), ('pending', 'The seller is still creating it'), ('state', 'The seller was not notified of the freeze state'), ('end', 'The seller may have a different expiry date'), ('access', 'The seller returns different access data')], max_length=16)),
                ('repair', models.CharField(choices=[('person', 'Cannot be repaired by a call: contact the seller'), ('release', 'Ask the seller to delete it'), ('restart', 'Restart the operation that stopped'), ('tell_state', 'Send the freeze state to the seller'), ('tell_end', 'Send the expiry date to the seller again'), ('take_access', "Use the seller's data")], max_length=16)),
                ('facts', models.JSONField(default=dict)),
                ('found_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(default=None, null=True)),
                ('repairs', models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Operation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lane', models.CharField(max_length=64)),
                ('kind', models.CharField(max_length=32)),
                ('origin', models.CharField(choices=[('buyer', 'Buyer'), ('timer', 'Scheduled'), ('operator', 'Operator'), ('seller', 'Seller'), ('sandbox', 'Try-out in the sandbox'), ('market', 'The market itself')], max_length=8)),
                ('actor', models.CharField(blank=True, default='', max_length=254)),
                ('wanted', models.JSONField(default=dict)),
                ('step', models.PositiveSmallIntegerField(default=0)),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Under way'), ('stopped', 'Stopped'), ('done', 'Done'), ('gave_up', 'Given up'), ('dropped', 'No longer needed')], default='queued', max_length=8)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('idempotency_key', models.CharField(blank=True, default='', max_length=96)),
                ('give_up_at', models.DateTimeField(default=None, null=True)),
                ('created_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(default=None, null=True)),
                ('ended_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
    ]
