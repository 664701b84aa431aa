"""Tables of 0.2.0."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('catalog', '0002_release_0_2'),
        ('debugging', '0002_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('orders', '0001_release_0_2'),
        ('production', '0001_release_0_2'),
    ]

    operations = [
        migrations.CreateModel(
            name='Health',
            fields=[
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='health', serialize=False, to='catalog.product')),
                ('verdict', models.CharField(blank=True, choices=[('', 'under way'), ('passed', 'Passed'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='', max_length=8)),
                ('since', models.DateTimeField(default=None, null=True)),
                ('seen_at', models.DateTimeField(default=None, null=True)),
                ('streak', models.PositiveIntegerField(default=0)),
                ('told', models.PositiveIntegerField(default=0)),
                ('freezes_on', models.DateField(default=None, null=True)),
                ('counts_after', models.DateField(default=None, null=True)),
                ('frozen_on', models.DateField(default=None, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('freezes_on__isnull', False)), fields=['freezes_on', 'product'], name='health_failing'), models.Index(condition=models.Q(('frozen_on__isnull', False)), fields=['frozen_on', 'product'], name='health_frozen')],
            },
        ),
        migrations.CreateModel(
            name='ProbeSlot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('date', models.DateField()),
                ('half', models.CharField(choices=[('am', 'Morning'), ('pm', 'Afternoon'), ('hand', 'Manual')], max_length=4)),
                ('actor', models.CharField(blank=True, default='', max_length=128)),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(default=None, null=True)),
                ('void', models.BooleanField(default=False)),
                ('addresses', models.PositiveIntegerField(default=0)),
                ('unreached', models.PositiveIntegerField(default=0)),
                ('product', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product')),
            ],
        ),
        migrations.CreateModel(
            name='ProbeRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('activity', models.CharField(max_length=32)),
                ('variant', models.CharField(blank=True, default='', max_length=32)),
                ('started_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('verdict', models.CharField(blank=True, choices=[('', 'under way'), ('passed', 'Passed'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='', max_length=8)),
                ('reason', models.CharField(blank=True, default='', max_length=32)),
                ('mistake', models.CharField(blank=True, default='', max_length=64)),
                ('milliseconds', models.FloatField(default=None, null=True)),
                ('certificate_ends', models.DateTimeField(default=None, null=True)),
                ('address', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='probe_runs', to='production.address')),
                ('call', models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='production.call')),
                ('case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='debugging.debugcase')),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller')),
                ('slot', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='probes.probeslot')),
            ],
        ),
        migrations.CreateModel(
            name='WorkItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('frozen', 'Sales suspended after failed probes'), ('failed_orders', 'Too many failed orders')], max_length=16)),
                ('occasion', models.CharField(max_length=10)),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(default=None, null=True)),
                ('closed_by', models.CharField(blank=True, default='', max_length=128)),
                ('note', models.CharField(blank=True, default='', max_length=500)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product')),
            ],
        ),
        migrations.CreateModel(
            name='FailedOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('failed_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=32)),
                ('healed_at', models.DateTimeField(default=None, null=True)),
                ('order', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.product')),
            ],
            options={
                'indexes': [models.Index(fields=['product', 'month'], name='failed_order_month'), models.Index(condition=models.Q(('healed_at', None)), fields=['product'], name='failed_order_unhealed')],
                'constraints': [models.UniqueConstraint(fields=('order', 'product'), name='failed_order_once')],
            },
        ),
        migrations.CreateModel(
            name='ProbeDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('date', models.DateField()),
                ('am', models.CharField(blank=True, choices=[('', 'under way'), ('passed', 'Passed'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='', max_length=8)),
                ('pm', models.CharField(blank=True, choices=[('', 'under way'), ('passed', 'Passed'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='', max_length=8)),
                ('verdict', models.CharField(blank=True, choices=[('', 'under way'), ('passed', 'Passed'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='', max_length=8)),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='probe_days', to='catalog.product')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('verdict', '')), fields=['date', 'product'], name='probe_day_open')],
                'constraints': [models.UniqueConstraint(fields=('product', 'date'), name='probe_day_once')],
            },
        ),
        migrations.AddIndex(
            model_name='probeslot',
            index=models.Index(condition=models.Q(('half', 'hand')), fields=['product', '-id'], name='probe_slot_by_hand'),
        ),
        migrations.AddConstraint(
            model_name='probeslot',
            constraint=models.UniqueConstraint(condition=models.Q(('product', None)), fields=('date', 'half'), name='probe_slot_once'),
        ),
        migrations.AddIndex(
            model_name='probeslot',
            index=models.Index(condition=models.Q(('product', None)), fields=['-id'], name='probe_slot_of_the_day'),
        ),
        migrations.AddIndex(
            model_name='proberun',
            index=models.Index(fields=['slot', 'address'], name='probe_run_slot'),
        ),
        migrations.AddIndex(
            model_name='proberun',
            index=models.Index(fields=['address', '-id'], name='probe_run_address'),
        ),
        migrations.AddIndex(
            model_name='proberun',
            index=models.Index(fields=['seller', '-id'], name='probe_run_seller'),
        ),
        migrations.AddIndex(
            model_name='proberun',
            index=models.Index(condition=models.Q(('verdict', '')), fields=['slot'], name='probe_run_open'),
        ),
        migrations.AddConstraint(
            model_name='proberun',
            constraint=models.UniqueConstraint(fields=('slot', 'case'), name='probe_run_once'),
        ),
        migrations.AddIndex(
            model_name='workitem',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['opened_at', 'id'], name='work_item_open'),
        ),
        migrations.AddIndex(
            model_name='workitem',
            index=models.Index(fields=['product', '-id'], name='work_item_product'),
        ),
        migrations.AddConstraint(
            model_name='workitem',
            constraint=models.UniqueConstraint(fields=('kind', 'product', 'occasion'), name='work_item_once'),
        ),
    ]
