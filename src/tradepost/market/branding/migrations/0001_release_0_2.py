"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Branding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=0)),
                ('name', models.CharField(blank=True, default='', max_length=32)),
                ('name_en', models.CharField(blank=True, default='', max_length=32)),
                ('colour', models.CharField(blank=True, default='', max_length=7)),
                ('footer', models.CharField(blank=True, default='', max_length=300)),
                ('footer_en', models.CharField(blank=True, default='', max_length=300)),
                ('company', models.CharField(blank=True, default='', max_length=120)),
                ('company_en', models.CharField(blank=True, default='', max_length=120)),
                ('address', models.CharField(blank=True, default='', max_length=200)),
                ('address_en', models.CharField(blank=True, default='', max_length=200)),
                ('icp', models.CharField(blank=True, default='', max_length=40)),
                ('hours', models.CharField(blank=True, default='', max_length=120)),
                ('hours_en', models.CharField(blank=True, default='', max_length=120)),
                ('support_email', models.CharField(blank=True, default='', max_length=254)),
                ('support_phone', models.CharField(blank=True, default='', max_length=40)),
                ('powered_by', models.BooleanField(default=True)),
                ('changed_at', models.DateTimeField()),
            ],
        ),
    ]
