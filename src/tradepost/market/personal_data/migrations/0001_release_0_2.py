"""Tables of 0.2.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(blank=True, default='', max_length=254)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('asked_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(default=None, null=True)),
                ('begun_at', models.DateTimeField(default=None, null=True)),
                ('erased_at', models.DateTimeField(default=None, null=True)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-id'], name='erasure_user')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('user',), name='erasure_once')],
            },
        ),
    ]
