"""Groups with menus instead of the roles developer and viewer; invitations; domains; signing keys that are staged and told
apart by a fingerprint."""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from tradepost.market.base.secrets import fingerprints, unseal


def roles_become_groups(apps: Any, _schema_editor: Any) -> None:
    """Developers and viewers were roles; they are members of the groups of that name, which every seller has."""
    Member, Group = apps.get_model("identity", "Member"), apps.get_model("identity", "Group")
    for member in Member.objects.filter(role__in=("developer", "viewer")).iterator():
        group, _made = Group.objects.get_or_create(seller_id=member.seller_id, code=member.role)
        member.groups.add(group)
    Member.objects.filter(role__in=("developer", "viewer")).update(role="member")


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
        ('identity', '0003_throttle'),
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
            name='Group',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(blank=True, default='', max_length=16)),
                ('name', models.CharField(blank=True, default='', max_length=64, verbose_name='Name')),
                ('menus', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='E-mail')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('status', models.CharField(choices=[('pending', 'Invited'), ('accepted', 'Accepted'), ('revoked', 'Withdrawn')], default='pending', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(default=None, null=True)),
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
            model_name='member',
            name='joined_at',
            field=models.DateTimeField(default=None, null=True),
        ),
        migrations.AddField(
            model_name='signingkey',
            name='fingerprint',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AlterField(
            model_name='member',
            name='role',
            field=models.CharField(choices=[('owner', 'Owner'), ('member', 'Member')], default='owner', max_length=16),
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
            model_name='group',
            name='seller',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='identity.seller'),
        ),
        migrations.AddField(
            model_name='member',
            name='groups',
            field=models.ManyToManyField(related_name='members', to='identity.group'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='groups',
            field=models.ManyToManyField(related_name='+', to='identity.group'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='invited_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='invited', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='invitation',
            name='seller',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='identity.seller'),
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
            model_name='group',
            constraint=models.UniqueConstraint(condition=models.Q(('code', ''), _negated=True), fields=('seller', 'code'), name='group_built_in_once'),
        ),
        migrations.AddConstraint(
            model_name='group',
            constraint=models.UniqueConstraint(models.F('seller'), django.db.models.functions.text.Lower('name'), condition=models.Q(('code', '')), name='group_name_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(models.F('seller'), django.db.models.functions.text.Lower('email'), condition=models.Q(('status', 'pending')), name='invitation_pending_once'),
        ),
        migrations.AddConstraint(
            model_name='stagedkey',
            constraint=models.UniqueConstraint(fields=('seller', 'interface_class'), name='staged_key_once'),
        ),
        migrations.RunPython(roles_become_groups, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(keys_get_fingerprints, migrations.RunPython.noop, elidable=True),
    ]
