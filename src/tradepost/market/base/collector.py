"""Python's garbage collector in a process that serves all day."""

from __future__ import annotations

import gc

SELDOM = (50_000, 10, 10)
"""So many objects more than were freed until the youngest are looked through, and so many looks until the older ones are."""


def spare_what_is_loaded() -> None:
    """Once all is loaded: it stays for good, and what requests and calls leave behind is mostly gone by reference counts. A look
    through the half million objects of a market stops all threads for a tenth of a second; to a worker the looks were worth a
    seventh of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
