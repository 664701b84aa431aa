"""Tables of 0.2.0."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '0001_release_0_2'),
    ]

    operations = [
        migrations.CreateModel(
            name='RetrofitAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('item', models.CharField(max_length=32)),
                ('says', models.CharField(choices=[('met', 'Done'), ('not_yet', 'Not yet'), ('not_needed', 'Does not apply')], max_length=16)),
                ('note', models.CharField(blank=True, default='', max_length=300)),
                ('by', models.CharField(max_length=254)),
                ('at', models.DateTimeField()),
                ('seller', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='identity.seller')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('seller', 'item'), name='retrofit_answer_once')],
            },
        ),
    ]
