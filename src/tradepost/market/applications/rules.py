"""The settings for synchronising enterprises and members with sellers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from tradepost.market.base.config import Config
from tradepost.protocols.client_secret import Digests
from tradepost.protocols.sync_commands import SyncFlag


class SyncRules(Struct, frozen=True, kw_only=True):
    """Settings of synchronisation.

    ``domain``: returns the auth centre's address for an enterprise code. ``batch``: maximum members per call.
    ``unauthorise``: flag for a member whose authorisation is withdrawn. ``digests``: of the padding of secrets.
    ``retry_for``: how long failed calls are retried.
    """

    domain: Callable[[str], str]
    batch: int
    unauthorise: SyncFlag
    digests: Digests
    retry_for: timedelta


def rules_of(settings: Config) -> SyncRules:
    return SyncRules(
        domain=settings.auth_centre_of,
        batch=settings.applications.sync_batch,
        unauthorise=SyncFlag(settings.applications.sync_unauthorise_flag),
        digests=Digests[settings.applications.oaep_digests.upper()],
        retry_for=timedelta(days=settings.applications.sync_retry_days),
    )
