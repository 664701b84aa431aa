"""Keys that sign id tokens: created when due, sealed, and published as ``key_rotation`` decides."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from jwcrypto.jwt import JWT

from tradepost.market.base.secrets import seal, unseal

from . import key_rotation
from .models import Jwk

ALGORITHM = "RS256"
BITS = 3072


def ensure_key(*, every: timedelta, now: datetime) -> None:
    """Create the next key when it is due. Two simultaneous calls may create two keys; the newest signs."""
    signs_from = key_rotation.next_signs_from(_recent_keys(), every=every, now=now)
    if signs_from is None:
        return
    new_key = JWK.generate(kty="RSA", size=BITS)
    kid = new_key.thumbprint()
    public = {**json.loads(new_key.export_public()), "kid": kid, "use": "sig", "alg": ALGORITHM}
    with transaction.atomic():
        Jwk.objects.create(
            kid=kid, sealed=seal(new_key.export_private()), public=public, created_at=now, signs_from=signs_from
        )


def sign(claims: dict[str, Any], *, now: datetime) -> str:
    """Return a signed JWT. Raises ``LookupError`` if there is no key."""
    key = key_rotation.signing_key(_recent_keys(), now)
    if key is None:
        raise LookupError("no key to sign with: call ensure() before")
    private = JWK.from_json(unseal(Jwk.objects.get(kid=key.kid).sealed))
    token = JWT(header={"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}, claims=claims)
    token.make_signed_token(private)
    return str(token.serialize())


def read_token(token: str) -> dict[str, Any] | None:
    """Return the claims of an id token that we signed, also after its expiry; None for other texts."""
    if token.count(".") != 2 or not token.isascii():
        return None
    signed = JWS()
    signed.allowed_algs = [ALGORITHM]
    try:
        signed.deserialize(token)
        kid = signed.jose_header.get("kid")
        row = Jwk.objects.filter(kid=kid).first() if isinstance(kid, str) and kid.isprintable() else None
        if row is None:
            return None
        signed.verify(JWK(**row.public))
        payload: dict[str, Any] = json.loads(signed.payload)
    except (JWException, ValueError, RecursionError):
        return None
    return payload


def public_keys(now: datetime) -> list[dict[str, Any]]:
    """Return the public keys that clients need, as JWKs (RFC 7517)."""
    key_ids = {key.kid for key in key_rotation.published_keys(_recent_keys(), now)}
    return [row.public for row in Jwk.objects.filter(kid__in=key_ids).order_by("signs_from")]


def _recent_keys() -> list[key_rotation.Key]:
    """Return the newest keys; older ones are not needed."""
    rows = Jwk.objects.order_by("-signs_from").values_list("kid", "signs_from")[:5]
    return [key_rotation.Key(kid, signs_from) for kid, signs_from in rows]
