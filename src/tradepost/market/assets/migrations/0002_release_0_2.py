"""Tables of 0.2.0, second part."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('assets', '0001_release_0_2'),
        ('identity', '0001_release_0_2'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='asset',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='asset',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='assets', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='assetversion',
            name='asset',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='assets.asset'),
        ),
        migrations.AddField(
            model_name='assetversion',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assetversion',
            name='confirmed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='assetversion',
            name='updates',
            field=models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='updated_by', to='assets.assetversion'),
        ),
        migrations.AddField(
            model_name='falsepositive',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='identity.seller'),
        ),
        migrations.AddConstraint(
            model_name='filescan',
            constraint=models.UniqueConstraint(fields=('sha256', 'store'), name='file_scan_once'),
        ),
        migrations.AddField(
            model_name='picture',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='picture',
            name='seller',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='pictures', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='pictureuse',
            name='picture',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='assets.picture'),
        ),
        migrations.AddField(
            model_name='proof',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='proof',
            name='seller',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='proofs', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='proofuse',
            name='proof',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='assets.proof'),
        ),
        migrations.AddField(
            model_name='upload',
            name='asset',
            field=models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='assets.asset'),
        ),
        migrations.AddField(
            model_name='upload',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='upload',
            name='seller',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='upload',
            name='updates',
            field=models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='assets.assetversion'),
        ),
        migrations.AddField(
            model_name='upload',
            name='version',
            field=models.OneToOneField(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='upload', to='assets.assetversion'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(fields=['seller', '-id'], name='asset_of_seller'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.UniqueConstraint(fields=('seller', 'name'), name='asset_name_once'),
        ),
        migrations.AddIndex(
            model_name='assetversion',
            index=models.Index(fields=['sha256'], name='asset_version_file'),
        ),
        migrations.AddIndex(
            model_name='assetversion',
            index=models.Index(fields=['status', '-id'], name='asset_version_status'),
        ),
        migrations.AddConstraint(
            model_name='assetversion',
            constraint=models.UniqueConstraint(fields=('asset', 'number'), name='asset_version_once'),
        ),
        migrations.AddConstraint(
            model_name='falsepositive',
            constraint=models.UniqueConstraint(fields=('seller', 'sha256', 'fingerprint'), name='asset_false_positive_once'),
        ),
        migrations.AddIndex(
            model_name='picture',
            index=models.Index(fields=['seller', 'created_at'], name='picture_of_seller'),
        ),
        migrations.AddConstraint(
            model_name='picture',
            constraint=models.UniqueConstraint(fields=('sha256', 'seller', 'purpose'), name='picture_once'),
        ),
        migrations.AddConstraint(
            model_name='picture',
            constraint=models.UniqueConstraint(condition=models.Q(('seller__isnull', True)), fields=('sha256', 'purpose'), name='picture_of_market_once'),
        ),
        migrations.AddConstraint(
            model_name='pictureuse',
            constraint=models.UniqueConstraint(fields=('owner', 'picture'), name='picture_use_once'),
        ),
        migrations.AddIndex(
            model_name='proof',
            index=models.Index(fields=['seller', 'created_at'], name='proof_of_seller'),
        ),
        migrations.AddConstraint(
            model_name='proof',
            constraint=models.UniqueConstraint(fields=('sha256', 'seller'), name='proof_once'),
        ),
        migrations.AddConstraint(
            model_name='proof',
            constraint=models.UniqueConstraint(condition=models.Q(('seller__isnull', True)), fields=('sha256', 'by'), name='proof_of_person_once'),
        ),
        migrations.AddConstraint(
            model_name='proofuse',
            constraint=models.UniqueConstraint(fields=('owner', 'proof'), name='proof_use_once'),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(condition=models.Q(('status', 'open')), fields=['expires_at'], name='upload_open'),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(condition=models.Q(('status', 'open'), _negated=True), fields=['created_at'], name='upload_ended'),
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(fields=['seller', 'purpose', 'created_at'], name='upload_of_purpose_and_day'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('offset__lte', models.F('length'))), name='upload_within_length'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('asset__isnull', False), ('purpose', 'license'), _connector='OR'), name='upload_of_something'),
        ),
    ]
