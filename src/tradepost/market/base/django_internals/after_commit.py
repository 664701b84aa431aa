"""Which functions wait for the end of the current transaction.

Why: a worker is woken once per transaction, however many calls become due in it. Django offers ``on_commit``, and no way to ask
what is registered. The list follows savepoints: a rolled back savepoint takes its functions along.

Written against Django 6.1.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection


def runs_after_commit(function: Callable[[], None]) -> bool:
    """Return whether this function is registered with ``transaction.on_commit`` in the current transaction."""
    return any(registered[1] is function for registered in connection.run_on_commit)
