"""The OAuth client of an application for an enterprise: made when the two first meet, and kept (openapi-jointkit §A.6)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import opened, seal
from tradepost.market.organisations.models import Enterprise

from .models import Application, Client, TenantBinding

CLIENT_ID, SECRET = 24, 48
"""Characters. A secret of this length fits into what a key of 3072 bits encrypts (§A.6: 318 bytes)."""


def ensure_client(enterprise: Enterprise, application: Application, *, now: datetime) -> Client:
    """Raises ``Refused`` when another application of this enterprise has the same callback (§B.9)."""
    standing = Client.objects.filter(enterprise=enterprise, application=application).first()
    if standing is not None:
        return standing
    try:
        with transaction.atomic():
            return Client.objects.create(
                enterprise=enterprise, application=application, client_id=ids.secret(CLIENT_ID),
                callback=application.callback, sealed_secret=seal(ids.secret(SECRET)), created_at=now,
            )  # fmt: skip
    except IntegrityError:
        words = _(
            "Another application of this enterprise has the same callback address, so that nobody could tell the two apart. "
            "Ask the seller for a callback of its own."
        )
        raise Refused("application.callback_taken", words) from None


def client_of(binding: TenantBinding) -> Client:
    return Client.objects.get(enterprise=binding.enterprise_id, application=binding.application_id)


def secret_of(client: Client) -> str:
    return opened(client.sealed_secret)
