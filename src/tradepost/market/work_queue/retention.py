"""Retention of handlings: as long as the entry exists, and for some time afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from tradepost.market.base.retention import Sweep

from .models import Handling
from .registry import sources

BATCH = 500


def _delete_batch(before: datetime) -> int:
    """Delete a batch of handlings of entries that no longer exist. Checks all old handlings, which are few."""
    after = 0
    while rows := list(Handling.objects.filter(changed_at__lt=before, pk__gt=after).order_by("pk")[:BATCH]):
        if deleted_keys := _keys_without_entry(rows):
            Handling.objects.filter(pk__in=deleted_keys).delete()
            return len(deleted_keys)
        after = rows[-1].pk
    return 0


def _keys_without_entry(rows: Iterable[Handling]) -> list[int]:
    by_source: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        by_source[row.source][row.entry] = row.pk
    keys_to_delete: list[int] = []
    for name, keys in by_source.items():
        source = sources().get(name)
        existing = set(source.rows().filter(pk__in=keys).values_list("pk", flat=True)) if source is not None else set()
        keys_to_delete += [pk for entry, pk in keys.items() if entry not in existing]
    return keys_to_delete


HANDLINGS = Sweep(name="handlings", model=Handling, setting="keep_handlings_days", work=_delete_batch)
