"""Databases for new sandboxes, created at set-up: an empty one, which saves a second of migrations, and the demo with
listed products, whose publication takes several (docs/decisions/0039).

They are only shortcuts: missing migrations are applied on top, and without the files everything is created. Real
markets do not use them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

EMPTY_DATABASE = Path(__file__).parent.parent / "market" / "empty.sqlite3"
DEMO_DATABASE = EMPTY_DATABASE.with_name("demo.sqlite3")
"""Created by ``make`` and not committed; wheels contain them."""


def begin(template: Path = EMPTY_DATABASE) -> bool:
    """Fill this market's database if it is an embedded one without tables. Return whether it did.

    Needs an open market and no concurrent migration.
    """
    from django.db import connection

    if connection.vendor != "sqlite" or connection.introspection.table_names() or not template.is_file():
        return False
    with closing(sqlite3.connect(f"file:{template}?mode=ro", uri=True)) as source:
        if not _is_this_version(source):
            return False
        source.backup(connection.connection)
    return True


def _is_this_version(source: sqlite3.Connection) -> bool:
    """Return whether the database has no unknown migrations, as after a downgrade of the package."""
    from django.db.migrations.loader import MigrationLoader

    migrations = MigrationLoader(None).disk_migrations
    try:
        return set(source.execute("SELECT app, name FROM django_migrations")) <= set(migrations or ())
    except sqlite3.DatabaseError:
        return False


def write(template: Path = EMPTY_DATABASE) -> None:
    """Store this market's newly migrated database as the template, atomically for concurrent readers."""
    from django.db import connection

    from tradepost.market.base.models import MarketIdentity

    MarketIdentity.objects.all().delete()  # each market that starts from the template gets its own
    new_file = template.with_suffix(".new")
    new_file.unlink(missing_ok=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(new_file)])
    new_file.replace(template)
