"""Confirmation of a session after the auth centre's last confirmation has expired (openapi-jointkit §B.6)."""

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

LEASE_DURATION = timedelta(seconds=30)
GRACE_PERIOD = timedelta(minutes=15)
"""How long a session remains valid while the auth centre cannot be reached."""


def confirm(directory: Directory, clients: TenantClients, session: Session, token: str, *, now: datetime) -> bool:
    """Renew the tokens and check their user. One request renews while others continue. Ends a session that may not
    continue."""
    waits = now < session.confirmed_until + GRACE_PERIOD
    if not directory.claim_renewal(session.token_hash, now=now, until=now + LEASE_DURATION):
        return waits
    refresh_token = unseal(session.sealed_tokens, token=token)
    if not refresh_token:
        directory.end_session(session.token_hash)
        return False
    try:
        identity = _renew(directory, clients, session, token=token, refresh_token=refresh_token, now=now)
    except AuthCentreError as error:
        if error.is_temporary:
            log.warning("A session could not be confirmed: %s", error)
            return waits
        log.info("The auth centre ended a session: %s", error.code)
        directory.end_session(session.token_hash)
        return False
    is_same = (identity.tenant_id, identity.user_name) == (session.tenant_id, session.user_name)
    if not is_same:
        directory.end_session(session.token_hash)
    return is_same


def _renew(
    directory: Directory, clients: TenantClients, session: Session, *, token: str, refresh_token: str, now: datetime
) -> Identity:
    all_clients = list(clients.of(session.tenant_id))
    client_id, centre = all_clients[0].application.client_id, clients.centre(all_clients[0])
    tokens = clients.with_secret(
        [client for client in all_clients if client.application.client_id == client_id],
        lambda secret: centre.refresh(client_id=client_id, secret=secret, refresh_token=refresh_token),
    )
    # Stored at once, since the old token is used up, independent of the answer of userinfo.
    directory.renew_session(
        session.token_hash,
        confirmed_until=min(session.expires_at, now + tokens.life),
        sealed_tokens=seal(tokens.refresh or refresh_token, token=token),
    )
    return centre.identity(tokens.access)
