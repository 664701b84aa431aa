"""Rows that all tests of a module begin with, made once: each test takes back what it does, and the module what it began with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def kept_rows(blocker: Any) -> Iterator[None]:
    """For a fixture of a module's scope, which asks for ``django_db_setup`` and gives ``django_db_blocker``; its tests must not
    ask for a transaction of their own."""
    with blocker.unblock():
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        connection.close()
