"""Collected and charged usage, for tests of stored hours and attribution."""

from __future__ import annotations

from datetime import timedelta

from tests.factories import NOW
from tradepost.market.base import jobs
from tradepost.market.billing import charge as charging
from tradepost.market.metering import collect
from tradepost.market.metering.events import CollectionClosed
from tradepost.market.metering.models import Collection

HOUR = timedelta(hours=1)


LATER = NOW + 12 * HOUR


def collected(cycle: str = "hour") -> Collection:
    """Close, charge and tally a collection, as the timers do."""
    collection = collect.close(cycle, now=LATER)
    assert collection is not None
    charging.on_collection_closed(CollectionClosed(collection=collection.pk), LATER)
    while jobs.run_due({charging.TIMER: charging.run}, now=LATER, limit=5):
        pass
    return collection
