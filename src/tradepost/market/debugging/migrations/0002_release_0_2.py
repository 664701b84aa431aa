"""Tables of 0.2.0, second part."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('debugging', '0001_release_0_2'),
        ('identity', '0001_release_0_2'),
        ('production', '0001_release_0_2'),
    ]

    operations = [
        migrations.AddField(
            model_name='apitrial',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='debugcase',
            name='address',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='debug_cases', to='production.address'),
        ),
        migrations.AddField(
            model_name='debugcase',
            name='call',
            field=models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='production.call'),
        ),
        migrations.AddField(
            model_name='debugcase',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='debug_cases', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='debugrun',
            name='address',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='production.address'),
        ),
        migrations.AddField(
            model_name='debugrun',
            name='call',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='debug_run', to='production.call'),
        ),
        migrations.AddField(
            model_name='debugrun',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller'),
        ),
        migrations.AddConstraint(
            model_name='apitrial',
            constraint=models.UniqueConstraint(fields=('seller', 'what', 'about'), name='api_trial_once'),
        ),
        migrations.AddIndex(
            model_name='debugcase',
            index=models.Index(fields=['seller', 'address'], name='debug_case_seller'),
        ),
        migrations.AddConstraint(
            model_name='debugcase',
            constraint=models.UniqueConstraint(fields=('address', 'activity', 'variant'), name='debug_case_once'),
        ),
        migrations.AddIndex(
            model_name='debugrun',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['seller'], name='debug_run_open'),
        ),
        migrations.AddIndex(
            model_name='debugrun',
            index=models.Index(fields=['seller', 'address', '-id'], name='debug_run_newest'),
        ),
    ]
