"""Whether a session may go on once the auth centre's last word is over (openapi-jointkit §B.6)."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from .auth_centre import AuthCentreError
from .sessions import seal, unseal

if TYPE_CHECKING:
    from datetime import datetime

    from .auth_centre import Identity
    from .directory import Directory
    from .rows import Session
    from .tenant_clients import TenantClients

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
GRACE = timedelta(minutes=15)
"""How long a session goes on though the auth centre cannot be asked."""


def confirm(directory: Directory, clients: TenantClients, session: Session, token: str, *, now: datetime) -> bool:
    """Ask for new tokens and whose they are; one request does while others go on. A session that may not go on is ended."""
    waits = now < session.confirmed_until + GRACE
    if not directory.claim_renewal(session.token_hash, now=now, until=now + LEASE):
        return waits
    refresh_token = unseal(session.sealed_tokens, token=token)
    if not refresh_token:
        directory.end_session(session.token_hash)
        return False
    try:
        identity = _renew(directory, clients, session, token=token, refresh_token=refresh_token, now=now)
    except AuthCentreError as error:
        if error.may_pass:
            log.warning("A session could not be confirmed: %s", error)
            return waits
        log.info("The auth centre ended a session: %s", error.code)
        directory.end_session(session.token_hash)
        return False
    same = (identity.tenant_id, identity.user_name) == (session.tenant_id, session.user_name)
    if not same:
        directory.end_session(session.token_hash)
    return same


def _renew(
    directory: Directory, clients: TenantClients, session: Session, *, token: str, refresh_token: str, now: datetime
) -> Identity:
    found = list(clients.of(session.tenant_id))
    client_id, centre = found[0].application.client_id, clients.centre(found[0])
    tokens = clients.with_secret(
        [one for one in found if one.application.client_id == client_id],
        lambda secret: centre.refresh(client_id=client_id, secret=secret, refresh_token=refresh_token),
    )
    # Kept at once: the old one is used up, whatever userinfo says.
    directory.renew_session(
        session.token_hash,
        confirmed_until=min(session.expires_at, now + tokens.life),
        sealed_tokens=seal(tokens.refresh or refresh_token, token=token),
    )
    return centre.identity(tokens.access)
