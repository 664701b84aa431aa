"""An address stands on a domain of its seller, and can be deleted while calls still name it."""

import secrets
from typing import Any
from urllib.parse import urlsplit

import django.db.models.deletion
from django.db import migrations, models


def hosts_become_domains(apps: Any, _schema_editor: Any) -> None:
    """What is called already counts as verified: its seller proves it when it registers something new there."""
    Address, Domain = apps.get_model("production", "Address"), apps.get_model("identity", "Domain")
    for address in Address.objects.order_by("pk").iterator():
        try:
            host = (urlsplit(address.url).hostname or "").lower()
        except ValueError:
            continue
        if not host:
            continue
        since = {"created_at": address.created_at, "verified_at": address.created_at}
        domain, _made = Domain.objects.get_or_create(
            seller_id=address.seller_id,
            host=host,
            defaults={"token": secrets.token_hex(16), "status": "verified", "how": "legacy", **since},
        )
        Address.objects.filter(pk=address.pk).update(domain=domain)


class Migration(migrations.Migration):

    dependencies = [
        ('identity', '0006_domains_and_staged_keys'),
        ('production', '0005_test_calls'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='address',
            name='address_once',
        ),
        migrations.AddField(
            model_name='address',
            name='domain',
            field=models.ForeignKey(default=None, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='addresses', to='identity.domain'),
        ),
        migrations.AddField(
            model_name='address',
            name='removed_at',
            field=models.DateTimeField(default=None, null=True),
        ),
        migrations.AddConstraint(
            model_name='address',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('seller', 'url', 'protocol'), name='address_once'),
        ),
        migrations.RunPython(hosts_become_domains, migrations.RunPython.noop, elidable=True),
    ]
