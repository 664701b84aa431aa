"""Domains of sellers; signing keys that are staged, and told apart by a fingerprint."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tradepost.market.base.secrets import fingerprints, unseal


def keys_get_fingerprints(apps: Any, _schema_editor: Any) -> None:
    """The newest of equal keys has it: the current one counts before those that were replaced. A key that this process
    cannot open has none, and so may be used again."""
    SigningKey = apps.get_model("identity", "SigningKey")
    known: set[tuple[int, str]] = set()
    for key in sorted(SigningKey.objects.iterator(), key=lambda one: (one.valid_until is not None, -one.pk)):
        try:
            found = fingerprints(f"signing key of seller {key.seller_id}", unseal(key.sealed))[0]
        except ValueError:
            continue
        if (key.seller_id, found) not in known:
            known.add((key.seller_id, found))
            SigningKey.objects.filter(pk=key.pk).update(fingerprint=found)


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0005_companies'),
    ]

    operations = [
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=253, verbose_name='Domain')),
                ('token', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('pending', 'Not proven yet'), ('verified', 'Verified'), ('lapsed', 'Proof lapsed')], default='pending', max_length=8)),
                ('how', models.CharField(blank=True, choices=[('', ''), ('https', 'by the file, over https'), ('http', 'by the file, over http'), ('dns', 'by the DNS record'), ('sandbox', 'because this is a sandbox: the name leads to this machine'), ('legacy', 'because its addresses are older than the proof of domains')], default='', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('verified_at', models.DateTimeField(default=None, null=True)),
                ('checked_at', models.DateTimeField(default=None, null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('seen', models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name='StagedKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('interface_class', models.CharField(max_length=16)),
                ('key_id', models.CharField(max_length=32, unique=True)),
                ('sealed', models.TextField()),
                ('hint', models.CharField(max_length=16)),
                ('fingerprint', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('verified_at', models.DateTimeField(default=None, null=True)),
            ],
        ),
        migrations.AddField(
            model_name='signingkey',
            name='fingerprint',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.UniqueConstraint(condition=models.Q(('fingerprint', ''), _negated=True), fields=('seller', 'fingerprint'), name='signing_key_used_once'),
        ),
        migrations.AddField(
            model_name='domain',
            name='seller',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='stagedkey',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='staged_keys', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='stagedkey',
            name='seller',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='staged_keys', to='identity.seller'),
        ),
        migrations.AddConstraint(
            model_name='domain',
            constraint=models.UniqueConstraint(fields=('seller', 'host'), name='domain_once'),
        ),
        migrations.AddConstraint(
            model_name='domain',
            constraint=models.UniqueConstraint(condition=models.Q(('how__in', ['https', 'http', 'dns']), ('status', 'verified')), fields=('host',), name='domain_proven_once'),
        ),
        migrations.AddConstraint(
            model_name='stagedkey',
            constraint=models.UniqueConstraint(fields=('seller', 'interface_class'), name='staged_key_once'),
        ),
        migrations.RunPython(keys_get_fingerprints, migrations.RunPython.noop, elidable=True),
    ]
