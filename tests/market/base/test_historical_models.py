"""Migrations see the models of their time, however seldom the classes of these are made anew."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from tradepost.market.base.historical_models import made_less_often

pytestmark = pytest.mark.django_db(transaction=True)
LABEL = "historical"


class Steps(migrations.Migration):
    """Shelves with books: what was made, indexed and held to a rule in one migration is there for its code."""

    operations = (
        migrations.CreateModel("Shelf", [("id", models.AutoField(primary_key=True))]),
        migrations.CreateModel(
            "Book",
            [
                ("id", models.AutoField(primary_key=True)),
                ("title", models.CharField(max_length=9)),
                ("shelf", models.ForeignKey(f"{LABEL}.shelf", models.CASCADE, related_name="books")),
            ],
        ),
        migrations.AddIndex("book", models.Index(fields=["title"], name="book_title")),
        migrations.AddConstraint("book", models.CheckConstraint(condition=~models.Q(title=""), name="book_titled")),
        migrations.RunPython(lambda apps, _: fill(apps), migrations.RunPython.noop),
        migrations.AddField("book", "pages", models.IntegerField(default=1)),
        migrations.AddConstraint("book", models.UniqueConstraint(fields=["title", "pages"], name="book_once")),
        migrations.AddField("shelf", "room", models.CharField(max_length=9, default="B")),
        migrations.AddField("shelf", "height", models.IntegerField(null=True)),
        migrations.AlterField("shelf", "room", models.CharField(max_length=20, default="C")),
        migrations.RemoveField("shelf", "height"),
        migrations.AlterField("shelf", "id", models.BigAutoField(primary_key=True)),
        migrations.RunPython(lambda apps, _: look(apps), migrations.RunPython.noop),
    )


SEEN: list[Any] = []


def fill(apps: Any) -> None:
    shelf, book = apps.get_model(LABEL, "Shelf"), apps.get_model(LABEL, "Book")
    book.objects.create(shelf=shelf.objects.create(), title="A")
    SEEN.append(shelf.objects.filter(books__title="A").count())


def look(apps: Any) -> None:
    """Deleting a shelf takes its books along: only a class that knows of them does so."""
    shelf, book = apps.get_model(LABEL, "Shelf"), apps.get_model(LABEL, "Book")
    meta = book._meta
    SEEN.append((book.objects.get().pages, {one.name for one in [*meta.indexes, *meta.constraints]}))
    shelf.objects.get().delete()
    SEEN.append(book.objects.count())


def test_the_code_of_a_migration_knows_every_model_index_and_relation() -> None:
    SEEN.clear()
    migration, state = Steps("0001_initial", LABEL), ProjectState()
    _ = state.apps
    with made_less_often(), connection.schema_editor(atomic=False) as editor:
        after = migration.apply(state, editor)
    try:
        assert [1, (1, {"book_title", "book_titled", "book_once"}), 0] == SEEN
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, f"{LABEL}_book")
            columns = {name: columns_of(cursor, f"{LABEL}_{name}") for name in ("book", "shelf")}
        assert {"book_title", "book_titled", "book_once"} <= set(found)
        assert columns["shelf"].keys() == {"id", "room"}
        assert columns["shelf"]["id"] == columns["book"]["shelf_id"], "what refers to it changed its type with it"
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(after.apps.get_model(LABEL, "Book"))
            editor.delete_model(after.apps.get_model(LABEL, "Shelf"))


def columns_of(cursor: Any, table: str) -> dict[str, Any]:
    return {one.name: one.type_code for one in connection.introspection.get_table_description(cursor, table)}


def test_a_class_made_alone_is_the_one_that_others_refer_to() -> None:
    """Also where a column that they refer to changes next: all that refer to it are found by it."""
    state = ProjectState()
    _ = state.apps
    with made_less_often():
        for step in Steps.operations:
            if not isinstance(step, migrations.RunPython):
                state = state.clone()
                step.state_forwards(LABEL, state)
                shelf, book = (
                    state.apps.get_model(LABEL, name) if (LABEL, name) in state.models else None
                    for name in ("shelf", "book")
                )
                if book is not None:
                    assert book._meta.get_field("shelf").related_model is shelf
                    assert [one.related_model._meta.label for one in shelf._meta.related_objects] == ["historical.Book"]


def test_django_is_as_it_was_afterwards() -> None:
    before = dict(vars(ProjectState))
    with made_less_often():
        assert dict(vars(ProjectState)) != before
    assert dict(vars(ProjectState)) == before


@pytest.mark.soak  # a minute for what only a change of this file, or of Django, can break
def test_all_migrations_make_the_tables_that_djangos_own_way_makes(tmp_path: Path) -> None:
    made = [tables_of(tmp_path / name, as_django_does=name == "django") for name in ("django", "ours")]
    assert len(made[0]) > 500
    assert made[0] == made[1]


AS_DJANGO_DOES = """
from contextlib import nullcontext
import tradepost.market.base.management.commands.migrate as command
command.made_less_often = nullcontext
"""


def tables_of(folder: Path, *, as_django_does: bool) -> list[tuple[str, ...]]:
    """What is in SQLite's table of tables, indexes and triggers after all migrations of a process of its own."""
    folder.mkdir()
    migrate = 'from django.core.management import call_command; call_command("migrate", verbosity=0)'
    program = f"import django; django.setup()\n{AS_DJANGO_DOES if as_django_does else ''}\n{migrate}"
    world = os.environ | {"TRADEPOST_DATA": str(folder), "TRADEPOST_DATABASE_URL": ""}
    subprocess.run([sys.executable, "-c", program], env=world, check=True, timeout=600)
    with closing(sqlite3.connect(folder / "tradepost.sqlite3")) as file:
        return file.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
