"""Split members into sync calls: one flag per call, removals first, limited in size. No I/O (openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Iterable

from tradepost.protocols.sync_commands import SyncFlag

ORDER = (SyncFlag.DELETE, SyncFlag.CANCEL_AUTHORISATION, SyncFlag.MODIFY, SyncFlag.ADD)
"""Order of the calls. Removals come first, so that nobody keeps a right for longer than necessary."""
REMOVALS = frozenset({SyncFlag.DELETE, SyncFlag.CANCEL_AUTHORISATION})


def batches[T](changes: Iterable[tuple[SyncFlag, T]], *, size: int) -> list[tuple[SyncFlag, list[T]]]:
    """Return the calls in order. Each flag gets as many calls as it needs."""
    by_flag: dict[SyncFlag, list[T]] = {flag: [] for flag in ORDER}
    for flag, change in changes:
        by_flag[flag].append(change)
    return [
        (flag, items[begin : begin + size]) for flag, items in by_flag.items() for begin in range(0, len(items), size)
    ]
