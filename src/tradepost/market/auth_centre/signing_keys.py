"""Keys that sign id tokens: made when they are due, sealed, published as others need them (``key_rotation``)."""

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


def ensure(*, every: timedelta, now: datetime) -> None:
    """Make the next key when it is due. Two at once may both make one: both are published, the newest signs."""
    signs_from = key_rotation.next_signs_from(_known(), every=every, now=now)
    if signs_from is None:
        return
    made = JWK.generate(kty="RSA", size=BITS)
    kid = made.thumbprint()
    public = {**json.loads(made.export_public()), "kid": kid, "use": "sig", "alg": ALGORITHM}
    with transaction.atomic():
        Jwk.objects.create(
            kid=kid, sealed=seal(made.export_private()), public=public, created_at=now, signs_from=signs_from
        )


def sign(claims: dict[str, Any], *, now: datetime) -> str:
    """A JWT of these claims. ``LookupError`` where no key was made."""
    key = key_rotation.signing(_known(), now)
    if key is None:
        raise LookupError("no key to sign with: call ensure() before")
    private = JWK.from_json(unseal(Jwk.objects.get(kid=key.kid).sealed))
    token = JWT(header={"alg": ALGORITHM, "typ": "JWT", "kid": key.kid}, claims=claims)
    token.make_signed_token(private)
    return str(token.serialize())


def read(token: str) -> dict[str, Any] | None:
    """Claims of an id token that we signed, even after its end; None for any other text."""
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
        told: dict[str, Any] = json.loads(signed.payload)
    except (JWException, ValueError, RecursionError):
        return None
    return told


def published(now: datetime) -> list[dict[str, Any]]:
    """The public keys that others need, as JWKs (RFC 7517)."""
    wanted = {key.kid for key in key_rotation.published(_known(), now)}
    return [row.public for row in Jwk.objects.filter(kid__in=wanted).order_by("signs_from")]


def _known() -> list[key_rotation.Key]:
    """The last few: older ones are no longer needed."""
    rows = Jwk.objects.order_by("-signs_from").values_list("kid", "signs_from")[:5]
    return [key_rotation.Key(kid, signs_from) for kid, signs_from in rows]
