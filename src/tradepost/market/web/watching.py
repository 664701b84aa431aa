"""Reactions of the daily watch that need the market's settings (``probes`` takes them as arguments)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from tradepost.market.base.config import config
from tradepost.market.base.outbox import batched
from tradepost.market.catalog.events import ProductStopped, ProductUnfrozen
from tradepost.market.orders.events import OrderRefunded
from tradepost.market.probes import failed_orders, selling_again
from tradepost.market.probes.judging import judge
from tradepost.market.probes.watch import Watch, watch_of
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call


def watch() -> Watch:
    """The rules of the watch, as the settings are now."""
    return watch_of(config(), timezone.get_default_timezone())


@batched
def judge_probes(events: Sequence[CallEnded], now: datetime) -> None:
    """The ends of probes; calls for other purposes are left to their own reactions."""
    judge([event.call for event in events if event.purpose == Call.Purpose.PROBE], watch=watch(), now=now)


def count_failed_order(event: OrderRefunded, now: datetime) -> None:
    failed_orders.count(event.order, watch=watch(), now=now)


def probes_begin_anew(event: ProductUnfrozen, now: datetime) -> None:
    selling_again.on_unfrozen(event.product, day=event.at.astimezone(timezone.get_default_timezone()).date(), now=now)


def probes_end(event: ProductStopped, now: datetime) -> None:
    if event.what == "product":
        selling_again.on_stopped(event.product, now=now)
