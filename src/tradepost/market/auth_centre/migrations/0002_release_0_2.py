"""Tables of 0.2.0, second part."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('applications', '0001_release_0_2'),
        ('auth_centre', '0001_release_0_2'),
        ('organisations', '0001_release_0_2'),
    ]

    operations = [
        migrations.AddField(
            model_name='consent',
            name='member',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='organisations.member'),
        ),
        migrations.AddField(
            model_name='grant',
            name='client',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='applications.client'),
        ),
        migrations.AddField(
            model_name='grant',
            name='member',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organisations.member'),
        ),
        migrations.AddField(
            model_name='authorizationcode',
            name='grant',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='code', to='auth_centre.grant'),
        ),
        migrations.AddField(
            model_name='accesstoken',
            name='grant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='access_tokens', to='auth_centre.grant'),
        ),
        migrations.AddField(
            model_name='refreshtoken',
            name='grant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refresh_tokens', to='auth_centre.grant'),
        ),
        migrations.AddField(
            model_name='serviceticket',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='applications.client'),
        ),
        migrations.AddField(
            model_name='signinsession',
            name='member',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to='organisations.member'),
        ),
        migrations.AddField(
            model_name='serviceticket',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tickets', to='auth_centre.signinsession'),
        ),
        migrations.AddField(
            model_name='grant',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='auth_centre.signinsession'),
        ),
        migrations.AddField(
            model_name='authorizationcode',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='auth_centre.signinsession'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('member', 'client'), name='consent_once'),
        ),
        migrations.AddIndex(
            model_name='consent',
            index=models.Index(fields=['member', '-id'], name='consent_member'),
        ),
        migrations.AddIndex(
            model_name='signinsession',
            index=models.Index(fields=['member', '-id'], name='sign_in_member'),
        ),
        migrations.AddIndex(
            model_name='signinsession',
            index=models.Index(fields=['expires_at'], name='sign_in_expires'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('revoked_at', None)), fields=['member', 'client'], name='grant_living'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('revoked_at', None)), fields=['client'], name='grant_client'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(fields=['expires_at'], name='grant_expires'),
        ),
    ]
