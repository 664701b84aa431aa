"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Asset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('package', 'Software package'), ('image', 'Server image'), ('file', 'Data file')], max_length=16)),
                ('name', models.CharField(max_length=100)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='AssetVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('label', models.CharField(max_length=40)),
                ('notes', models.CharField(blank=True, default='', max_length=1000)),
                ('file_name', models.CharField(max_length=120)),
                ('bytes', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('file_gone', models.BooleanField(default=False)),
                ('format', models.CharField(blank=True, default='', max_length=16)),
                ('status', models.CharField(choices=[('checking', 'Being checked'), ('review', 'Under review'), ('approved', 'Approved'), ('replaced', 'Replaced by an update'), ('failed', 'Check failed'), ('appealed', 'Under appeal'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], default='checking', max_length=16)),
                ('verdict', models.CharField(blank=True, choices=[('', 'Not checked yet'), ('clean', 'No malware found'), ('infected', 'Infected'), ('not_scanned', 'Not scanned')], default='', max_length=16)),
                ('report', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('checked_at', models.DateTimeField(default=None, null=True)),
                ('decided_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='FalsePositive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('code', models.CharField(max_length=64)),
                ('fingerprint', models.CharField(max_length=64)),
                ('submission', models.BigIntegerField()),
                ('by', models.CharField(max_length=254)),
                ('accepted_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='FileScan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('store', models.CharField(blank=True, default='', max_length=16)),
                ('bytes', models.PositiveBigIntegerField()),
                ('verdict', models.CharField(blank=True, choices=[('', 'Not checked yet'), ('clean', 'No malware found'), ('infected', 'Infected'), ('not_scanned', 'Not scanned')], default='', max_length=16)),
                ('report', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('scanned_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('purpose', models.CharField(choices=[('company_logo', 'Company logo'), ('product_logo', 'Product logo'), ('product_main', 'Main picture'), ('description', 'Picture of the description'), ('market_logo', 'Logo'), ('market_icon', 'Browser icon')], max_length=16)),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('bytes', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='PictureUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.CharField(max_length=64)),
                ('visible', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Proof',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('kind', models.CharField(choices=[('application/pdf', 'PDF'), ('image/jpeg', 'JPG'), ('image/png', 'PNG')], max_length=16)),
                ('name', models.CharField(max_length=120)),
                ('bytes', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='ProofUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=43, unique=True)),
                ('purpose', models.CharField(choices=[('asset', 'asset'), ('license', 'license')], default='asset', max_length=16)),
                ('label', models.CharField(blank=True, default='', max_length=40)),
                ('notes', models.CharField(blank=True, default='', max_length=1000)),
                ('about', models.CharField(blank=True, default='', max_length=64)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('file_name', models.CharField(blank=True, default='', max_length=1024)),
                ('metadata', models.TextField(blank=True, default='')),
                ('length', models.PositiveBigIntegerField()),
                ('offset', models.PositiveBigIntegerField(default=0)),
                ('status', models.CharField(choices=[('open', 'open'), ('complete', 'complete'), ('terminated', 'terminated'), ('expired', 'expired')], default='open', max_length=16)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
            ],
        ),
    ]
