"""Rows shared by all tests of a module, created once. Each test rolls back its changes, and the module rolls back the
rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def kept_rows(blocker: Any) -> Iterator[None]:
    """For a module-scoped fixture that requests ``django_db_setup`` and passes ``django_db_blocker``. Its tests must
    not use a transaction of their own.
    """
    with blocker.unblock():
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        connection.close()
