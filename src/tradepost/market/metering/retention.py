"""Retention of refused records and nonces. Usage records themselves are kept."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.retention import BATCH, Rule, Sweep

from .models import Nonce, RefusedRecord

REFUSED = Rule(name="refused usage", model=RefusedRecord, when="at", setting="keep_refused_usage_days")


def _delete_stale(before: datetime) -> int:
    """Delete a batch of nonces whose time stamps are too old."""
    stale = Nonce.objects.filter(until__lt=before).order_by("until").values_list("pk", flat=True)
    return Nonce.objects.filter(pk__in=list(stale[:BATCH])).delete()[0]


NONCES = Sweep(name="nonces of usage", model=Nonce, setting="keep_tries_days", work=_delete_stale, of_real_time=True)
