"""Authenticate a program by client id and secret, in the form or by HTTP Basic (RFC 6749 §2.3.1)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote_plus

from msgspec import Struct

from tradepost.market.applications.models import Client
from tradepost.market.base.secrets import fingerprints, unseal

MAX_LENGTH = 512


class Credentials(Struct, frozen=True):
    client_id: str
    secret: str
    basic: bool
    """Whether they were in the header rather than in the form."""


def credentials_in(form: Mapping[str, str], authorization: str) -> Credentials | None:
    """Return the credentials in a request; None if both ways are used (RFC 6749 §2.3)."""
    by_header = _basic(authorization)
    if by_header is None:
        return Credentials(form.get("client_id", ""), form.get("client_secret", ""), basic=False)
    same = form.get("client_id", by_header.client_id) == by_header.client_id
    return by_header if same and "client_secret" not in form else None


def _basic(authorization: str) -> Credentials | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 4 * MAX_LENGTH:
        return None
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Credentials("", "", basic=True)
    return Credentials(unquote_plus(name), unquote_plus(secret) if colon else "", basic=True)


def client_of(client_id: str, *, enterprise: int | None) -> Client | None:
    """Return the client with this id if people sign in to it. ``enterprise``: of the requested auth centre; None for
    any."""
    if not client_id or len(client_id) > MAX_LENGTH or "\0" in client_id:
        return None
    client = Client.objects.select_related("application", "enterprise").filter(client_id=client_id).first()
    if client is None or not client.callback or enterprise not in {None, client.enterprise_id}:
        return None
    return client


def is_authentic(client: Client, secret: str, *, now: datetime) -> bool:
    """Return whether the secret is the client's current secret, or the previous one while it is accepted."""
    if not secret or len(secret) > MAX_LENGTH:
        return False
    if hmac.compare_digest(unseal(client.sealed_secret).encode(), secret.encode()):
        return True
    if not client.previous_hash or client.previous_until is None or client.previous_until <= now:
        return False
    return any(
        hmac.compare_digest(client.previous_hash, fingerprint) for fingerprint in fingerprints("client secret", secret)
    )
