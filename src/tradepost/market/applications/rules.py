"""What of the settings matters when sellers are told of enterprises and people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from tradepost.market.base.config import Config
from tradepost.protocols.client_secret import Digests
from tradepost.protocols.sync_commands import SyncFlag


class SyncRules(Struct, frozen=True, kw_only=True):
    """``domain``: the address of the auth centre for an enterprise's code. ``batch``: most people in one call. ``unauthorise``:
    the flag for a member whose authorisation is withdrawn. ``digests``: of the padding of secrets. ``retry_for``: how long
    calls that fail are retried."""

    domain: Callable[[str], str]
    batch: int
    unauthorise: SyncFlag
    digests: Digests
    retry_for: timedelta


def rules_of(settings: Config) -> SyncRules:
    return SyncRules(
        domain=settings.auth_centre_of,
        batch=settings.sync_batch,
        unauthorise=SyncFlag(settings.sync_unauthorise_flag),
        digests=Digests[settings.oaep_digests.upper()],
        retry_for=timedelta(days=settings.sync_retry_days),
    )
