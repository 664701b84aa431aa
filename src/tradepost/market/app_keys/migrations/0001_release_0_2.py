"""Tables of 0.2.0."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='AppKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50)),
                ('app_key', models.CharField(max_length=32, unique=True)),
                ('secret_hash', models.CharField(max_length=64)),
                ('created_by', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField()),
                ('verified_at', models.DateTimeField(default=None, null=True)),
                ('revoked_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
    ]
