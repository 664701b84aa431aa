"""Whether a program is the application that it says it is: client id and secret, in the form or by HTTP Basic (RFC 6749 §2.3.1)."""

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

LONGEST = 512


class Credentials(Struct, frozen=True):
    client_id: str
    secret: str
    basic: bool
    """By the header, not by the form."""


def given(form: Mapping[str, str], authorization: str) -> Credentials | None:
    """What a request brings; None where there is nothing, or both ways at once (RFC 6749 §2.3)."""
    by_header = _basic(authorization)
    if by_header is None:
        return Credentials(form.get("client_id", ""), form.get("client_secret", ""), basic=False)
    same = form.get("client_id", by_header.client_id) == by_header.client_id
    return by_header if same and "client_secret" not in form else None


def _basic(authorization: str) -> Credentials | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > 4 * LONGEST:
        return None
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Credentials("", "", basic=True)
    return Credentials(unquote_plus(name), unquote_plus(secret) if colon else "", basic=True)


def client_of(client_id: str, *, enterprise: int | None) -> Client | None:
    """The client with this id, where one signs in at all; ``enterprise``: whose auth centre is asked, any where it is None."""
    if not client_id or len(client_id) > LONGEST or "\0" in client_id:
        return None
    found = Client.objects.select_related("application", "enterprise").filter(client_id=client_id).first()
    if found is None or not found.callback or enterprise not in {None, found.enterprise_id}:
        return None
    return found


def is_proved(client: Client, secret: str, *, now: datetime) -> bool:
    """By its secret, or the one before while that is still accepted."""
    if not secret or len(secret) > LONGEST:
        return False
    if hmac.compare_digest(unseal(client.sealed_secret).encode(), secret.encode()):
        return True
    if not client.previous_hash or client.previous_until is None or client.previous_until <= now:
        return False
    return any(hmac.compare_digest(client.previous_hash, one) for one in fingerprints("client secret", secret))
