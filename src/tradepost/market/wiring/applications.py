"""Reactions to events of ``applications``."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from tradepost.market.applications import resend, run
from tradepost.market.applications.events import (
    AuthorisationWithdrawn,
    EnterpriseBound,
    SyncDelayed,
    SyncResendRequested,
    SyncRetryRequested,
    SyncStopped,
)
from tradepost.market.auth_centre import reactions as auth_centre
from tradepost.market.base.errors import Refused
from tradepost.market.base.events import on
from tradepost.market.notifications import joint_reactions as notices
from tradepost.market.web.joint import sync_rules


def retry_requested(event: SyncRetryRequested, now: datetime) -> None:
    """Restart the failed sync of one binding; do nothing if it has already been restarted."""
    with suppress(Refused):
        run.restart(event.binding, actor=event.actor, rules=sync_rules(), now=now)


def resend_requested(event: SyncResendRequested, now: datetime) -> None:
    """Send everything to the application of one binding again; do nothing if the binding has ended."""
    with suppress(Refused):
        resend.resend(event.binding, actor=event.actor, rules=sync_rules(), now=now)


REACTIONS = (
    on(SyncRetryRequested, retry_requested),
    on(SyncResendRequested, resend_requested),
    on(EnterpriseBound, notices.on_enterprise_bound),
    on(SyncDelayed, notices.on_sync_delayed),
    on(SyncStopped, notices.on_sync_stopped),
    on(AuthorisationWithdrawn, auth_centre.on_authorisation_withdrawn),
)
