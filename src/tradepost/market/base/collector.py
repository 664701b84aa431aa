"""Settings of Python's garbage collector for long-running processes."""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 10, 10)
"""Thresholds: the youngest generation is collected after this many net allocations, an older one after ten
collections of the next younger."""


def freeze_loaded_objects() -> None:
    """Exclude all objects loaded so far from garbage collection; call it once everything is loaded.

    These objects live as long as the process, and reference counts free most of what requests and calls leave. A full
    collection of a market's half million objects stops all threads for a tenth of a second. Collections took a
    seventh of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def free_cycles() -> None:
    """Free the rows of a batch that is no longer used.

    Rows with prefetched relations refer to each other, so reference counts do not free them, and collections are rare
    (``THRESHOLDS``)."""
    gc.collect(1)
