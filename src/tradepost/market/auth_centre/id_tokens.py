"""Id tokens of OpenID Connect: who signed in, when, where and for which client."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tradepost.market.organisations.models import Member

from . import claims, signing_keys
from .key_rotation import TOKEN_LIFE
from .may_sign_in import Access
from .person_of import person_of


def signed(
    begun: dict[str, Any], *, member: Member, access: Access, scopes: frozenset[str], signed_in_at: datetime,
    second_step: str, issuer: str, now: datetime, every: timedelta,
) -> str:  # fmt: skip
    """Return a signed id token. ``begun``: claims of the grant, such as audience, nonce and hashes. ``every``: how long
    a key signs."""
    signing_keys.ensure_key(every=every, now=now)
    payload = {
        **begun,
        **claims.openid(person_of(member, access), scopes),
        "iss": issuer,
        "iat": int(now.timestamp()),
        "exp": int((now + TOKEN_LIFE).timestamp()),
        "auth_time": int(signed_in_at.timestamp()),
        "amr": claims.methods(second_step=second_step),
    }
    return signing_keys.sign(payload, now=now)
