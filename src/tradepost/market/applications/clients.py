"""The OAuth client of an application for an enterprise, created on the first binding and then kept (openapi-jointkit
§A.6)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import seal, unseal_cached
from tradepost.market.organisations.models import Enterprise

from .models import Application, Client, TenantBinding

CLIENT_ID_LENGTH, SECRET_LENGTH = 24, 48
"""Lengths in characters. A secret of this length fits into the 318 bytes that a key of 3072 bits encrypts (§A.6)."""


def ensure_client(enterprise: Enterprise, application: Application, *, now: datetime) -> Client:
    """Return the client, or create it. Raises ``Refused`` if another application of the enterprise has the same
    callback (§B.9)."""
    existing = Client.objects.filter(enterprise=enterprise, application=application).first()
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            return Client.objects.create(
                enterprise=enterprise, application=application, client_id=ids.secret(CLIENT_ID_LENGTH),
                callback=application.callback, sealed_secret=seal(ids.secret(SECRET_LENGTH)), created_at=now,
            )  # fmt: skip
    except IntegrityError:
        words = _(
            "Another application of this enterprise uses the same callback address, so the two cannot be distinguished. Ask the seller for a different callback address."
        )
        raise Refused("application.callback_taken", words) from None


def client_of(binding: TenantBinding) -> Client:
    return Client.objects.get(enterprise=binding.enterprise_id, application=binding.application_id)


def secret_of(client: Client) -> str:
    return unseal_cached(client.sealed_secret)
