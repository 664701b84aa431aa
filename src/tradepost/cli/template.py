"""The databases that a new sandbox begins with, made at set-up: an empty one, since to migrate takes a second, and the demo
with its products listed, since their road to the shelf takes several (docs/decisions/0039).

They are only ever shortcuts: what one lacks is migrated on top of it, and without it everything is done. Real markets do without.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

EMPTY = Path(__file__).parent.parent / "market" / "empty.sqlite3"
DEMO = EMPTY.with_name("demo.sqlite3")
"""Made by ``make``, not committed; a wheel carries them."""


def begin(template: Path = EMPTY) -> bool:
    """Fill the database of this market when it is an embedded one without a table. Returns whether it did.

    Needs an open market and nobody else who migrates it.
    """
    from django.db import connection

    if connection.vendor != "sqlite" or connection.introspection.table_names() or not template.is_file():
        return False
    with closing(sqlite3.connect(f"file:{template}?mode=ro", uri=True)) as source:
        if not _of_this_version(source):
            return False
        source.backup(connection.connection)
    return True


def _of_this_version(source: sqlite3.Connection) -> bool:
    """Whether it holds no migration that is unknown here, as after a package was changed for an older one."""
    from django.db.migrations.loader import MigrationLoader

    known = MigrationLoader(None).disk_migrations
    try:
        return set(source.execute("SELECT app, name FROM django_migrations")) <= set(known or ())
    except sqlite3.DatabaseError:
        return False


def write(template: Path = EMPTY) -> None:
    """Store the database of this market, freshly migrated, as the template; in one piece, whoever reads it meanwhile."""
    from django.db import connection

    from tradepost.market.base.models import MarketIdentity

    MarketIdentity.objects.all().delete()  # each market that begins with the template gets its own
    made = template.with_suffix(".new")
    made.unlink(missing_ok=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(made)])
    made.replace(template)
