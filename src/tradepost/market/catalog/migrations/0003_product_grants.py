"""A product is granted to one member."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_metered_offers'),
        ('identity', '0004_members_domains_staged_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProductGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('granted_by', models.CharField(max_length=254)),
                ('granted_at', models.DateTimeField()),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='identity.member')),
                ('product', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='granted', to='catalog.product')),
            ],
        ),
    ]
