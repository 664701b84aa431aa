"""How long it is kept who had an entry: as long as its fact stands, and a while after that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from tradepost.market.base.retention import Sweep

from .models import Handling
from .registry import sources

BATCH = 500


def _sweep(before: datetime) -> int:
    """Delete a batch of what was added to entries that are gone. Goes through all that is old: people made each of them."""
    after = 0
    while rows := list(Handling.objects.filter(changed_at__lt=before, pk__gt=after).order_by("pk")[:BATCH]):
        if gone := _gone(rows):
            Handling.objects.filter(pk__in=gone).delete()
            return len(gone)
        after = rows[-1].pk
    return 0


def _gone(rows: Iterable[Handling]) -> list[int]:
    by_source: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        by_source[row.source][row.entry] = row.pk
    gone: list[int] = []
    for name, keys in by_source.items():
        source = sources().get(name)
        standing = set(source.rows().filter(pk__in=keys).values_list("pk", flat=True)) if source is not None else set()
        gone += [pk for entry, pk in keys.items() if entry not in standing]
    return gone


HANDLINGS = Sweep(name="handlings", model=Handling, setting="keep_handlings_days", work=_sweep)
