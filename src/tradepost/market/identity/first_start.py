"""The first start of a market: store its mode and id, and turn the agreements of a production market into drafts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tradepost.market.base import market_identity
from tradepost.market.base.models import MarketIdentity

from . import first_agreements


def ensure_identity(*, sandbox: bool, now: datetime) -> MarketIdentity:
    """Store which market this database holds, unless it is stored. Raises ``Refused`` for a market of the other
    mode."""
    with transaction.atomic():
        is_first = market_identity.identity() is None
        identity = market_identity.ensure_identity(sandbox=sandbox, now=now)
        if is_first and not sandbox:
            first_agreements.make_drafts(now=now)
    return identity
