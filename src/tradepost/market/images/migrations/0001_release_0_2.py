"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('compute', '0002_release_0_2'),
        ('metering', '0001_release_0_2'),
        ('subscriptions', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PeriodImage',
            fields=[
                ('service', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='period_image', serialize=False, to='subscriptions.subscription')),
                ('status', models.CharField(choices=[('bound', 'Bound to a server'), ('idle', 'Idle'), ('expired', 'Expired'), ('refunded', 'Refunded')], default='idle', max_length=8)),
                ('idle_since', models.DateTimeField(default=None, null=True)),
                ('buyer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ImageTime',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('begin_at', models.DateTimeField()),
                ('end_at', models.DateTimeField()),
                ('quantity', models.BigIntegerField()),
                ('record', models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='image_time', to='metering.record')),
                ('server', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='image_times', to='compute.server')),
                ('service', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='image_times', to='subscriptions.subscription')),
                ('image', models.ForeignKey(db_index=False, default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='image_times', to='images.periodimage')),
            ],
        ),
        migrations.CreateModel(
            name='ImageBinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField()),
                ('to_at', models.DateTimeField(default=None, null=True)),
                ('actor', models.CharField(max_length=254)),
                ('covers', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='covered_by', to='subscriptions.subscription')),
                ('server', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='image_bindings', to='compute.server')),
                ('image', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='images.periodimage')),
            ],
        ),
        migrations.AddIndex(
            model_name='periodimage',
            index=models.Index(condition=models.Q(('status', 'idle')), fields=['idle_since', 'service'], name='period_image_idle'),
        ),
        migrations.AddIndex(
            model_name='periodimage',
            index=models.Index(condition=models.Q(('status', 'idle')), fields=['-service'], name='period_image_idle_list'),
        ),
        migrations.AddIndex(
            model_name='periodimage',
            index=models.Index(condition=models.Q(('status__in', ['bound', 'idle'])), fields=['buyer', '-service'], name='period_image_buyer_open'),
        ),
        migrations.AddIndex(
            model_name='imagetime',
            index=models.Index(fields=['service', '-id'], name='image_time_service'),
        ),
        migrations.AddIndex(
            model_name='imagetime',
            index=models.Index(fields=['image', '-id'], name='image_time_image'),
        ),
        migrations.AddIndex(
            model_name='imagetime',
            index=models.Index(fields=['server', '-id'], name='image_time_server'),
        ),
        migrations.AddConstraint(
            model_name='imagetime',
            constraint=models.UniqueConstraint(fields=('service', 'begin_at'), name='image_time_once'),
        ),
        migrations.AddConstraint(
            model_name='imagetime',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('image__isnull', False), ('record', None)), models.Q(('image', None), ('record__isnull', False)), models.Q(('image', None), ('quantity', 0), ('record', None)), _connector='OR'), name='image_time_covered_or_charged'),
        ),
        migrations.AddConstraint(
            model_name='imagetime',
            constraint=models.CheckConstraint(condition=models.Q(('begin_at__lt', models.F('end_at'))), name='image_time_has_a_length'),
        ),
        migrations.AddConstraint(
            model_name='imagebinding',
            constraint=models.UniqueConstraint(condition=models.Q(('to_at', None)), fields=('image',), name='binding_one_server'),
        ),
        migrations.AddConstraint(
            model_name='imagebinding',
            constraint=models.UniqueConstraint(condition=models.Q(('to_at', None)), fields=('server',), name='binding_one_image'),
        ),
        migrations.AddIndex(
            model_name='imagebinding',
            index=models.Index(fields=['image', '-id'], name='binding_image'),
        ),
        migrations.AddIndex(
            model_name='imagebinding',
            index=models.Index(fields=['covers', 'from_at'], name='binding_covers'),
        ),
        migrations.AddIndex(
            model_name='imagebinding',
            index=models.Index(fields=['server', '-id'], name='binding_server'),
        ),
        migrations.AddConstraint(
            model_name='imagebinding',
            constraint=models.CheckConstraint(condition=models.Q(('to_at', None), ('from_at__lte', models.F('to_at')), _connector='OR'), name='binding_goes_forward'),
        ),
    ]
