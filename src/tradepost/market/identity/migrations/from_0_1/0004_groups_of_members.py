"""Groups with menus instead of the roles developer and viewer; invitations."""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


def roles_become_groups(apps: Any, _schema_editor: Any) -> None:
    """Developers and viewers were roles; they are members of the groups of that name, which every seller has."""
    Member, Group = apps.get_model("identity", "Member"), apps.get_model("identity", "Group")
    for member in Member.objects.filter(role__in=("developer", "viewer")).iterator():
        group, _made = Group.objects.get_or_create(seller_id=member.seller_id, code=member.role)
        member.groups.add(group)
    Member.objects.filter(role__in=("developer", "viewer")).update(role="member")


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0003_throttle'),
    ]

    operations = [
        migrations.AddField(
            model_name='member',
            name='joined_at',
            field=models.DateTimeField(default=None, null=True),
        ),
        migrations.AlterField(
            model_name='member',
            name='role',
            field=models.CharField(choices=[('owner', 'Owner'), ('member', 'Member')], default='owner', max_length=16),
        ),
        migrations.CreateModel(
            name='Group',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(blank=True, default='', max_length=16)),
                ('name', models.CharField(blank=True, default='', max_length=64, verbose_name='Name')),
                ('menus', models.JSONField(default=dict)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='identity.seller')),
            ],
        ),
        migrations.AddField(
            model_name='member',
            name='groups',
            field=models.ManyToManyField(related_name='members', to='identity.group'),
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
                ('groups', models.ManyToManyField(related_name='+', to='identity.group')),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='invited', to=settings.AUTH_USER_MODEL)),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='identity.seller')),
            ],
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
        migrations.RunPython(roles_become_groups, migrations.RunPython.noop, elidable=False),
    ]
