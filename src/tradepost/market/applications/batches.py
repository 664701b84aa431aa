"""Members are told in batches: one flag a call, who is removed first, at most so many (openapi-jointkit §A.7). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tradepost.protocols.sync_commands import SyncFlag

ORDER = (SyncFlag.DELETE, SyncFlag.CANCEL_AUTHORISATION, SyncFlag.MODIFY, SyncFlag.ADD)
"""Nobody keeps a right for one call longer because somebody else gets one."""
REMOVALS = frozenset({SyncFlag.DELETE, SyncFlag.CANCEL_AUTHORISATION})


def batches[T](changes: Iterable[tuple[SyncFlag, T]], *, size: int) -> list[tuple[SyncFlag, list[T]]]:
    """The calls, in their order: of each flag as many as it needs, the last one with the rest."""
    alike: dict[SyncFlag, list[T]] = {one: [] for one in ORDER}
    for of, change in changes:
        alike[of].append(change)
    return [
        (of, changed[begin : begin + size]) for of, changed in alike.items() for begin in range(0, len(changed), size)
    ]
