"""Migrations see the models of their time although model classes are rarely rebuilt."""

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

from tradepost.market.base.django_internals.historical_models import render_less_often

pytestmark = pytest.mark.django_db(transaction=True)
LABEL = "historical"


class Steps(migrations.Migration):
    """Shelves with books: objects, indexes and constraints of one migration are available to its code."""

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
        migrations.RunPython(lambda apps, _: delete_shelf(apps), migrations.RunPython.noop),
    )


RESULTS: list[Any] = []


def fill(apps: Any) -> None:
    shelf, book = apps.get_model(LABEL, "Shelf"), apps.get_model(LABEL, "Book")
    book.objects.create(shelf=shelf.objects.create(), title="A")
    RESULTS.append(shelf.objects.filter(books__title="A").count())


def delete_shelf(apps: Any) -> None:
    """Deleting a shelf deletes its books, if the class knows the relation."""
    shelf, book = apps.get_model(LABEL, "Shelf"), apps.get_model(LABEL, "Book")
    meta = book._meta
    RESULTS.append((book.objects.get().pages, {item.name for item in [*meta.indexes, *meta.constraints]}))
    shelf.objects.get().delete()
    RESULTS.append(book.objects.count())


def test_migration_code_sees_every_model_index_and_relation() -> None:
    RESULTS.clear()
    migration, state = Steps("0001_initial", LABEL), ProjectState()
    _ = state.apps
    with render_less_often(), connection.schema_editor(atomic=False) as editor:
        after = migration.apply(state, editor)
    try:
        assert [1, (1, {"book_title", "book_titled", "book_once"}), 0] == RESULTS
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, f"{LABEL}_book")
            columns = {name: columns_of(cursor, f"{LABEL}_{name}") for name in ("book", "shelf")}
        assert {"book_title", "book_titled", "book_once"} <= set(constraints)
        assert columns["shelf"].keys() == {"id", "room"}
        assert columns["shelf"]["id"] == columns["book"]["shelf_id"], "columns that refer to it changed their type, too"
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(after.apps.get_model(LABEL, "Book"))
            editor.delete_model(after.apps.get_model(LABEL, "Shelf"))


def columns_of(cursor: Any, table: str) -> dict[str, Any]:
    return {column.name: column.type_code for column in connection.introspection.get_table_description(cursor, table)}


def test_single_rebuilt_class_is_used_by_its_relations() -> None:
    """Also where a referenced column changes next: all referring models are found through it."""
    state = ProjectState()
    _ = state.apps
    with render_less_often():
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
                    assert [relation.related_model._meta.label for relation in shelf._meta.related_objects] == [
                        "historical.Book"
                    ]


def test_django_is_restored_afterwards() -> None:
    before = dict(vars(ProjectState))
    with render_less_often():
        assert dict(vars(ProjectState)) != before
    assert dict(vars(ProjectState)) == before


@pytest.mark.soak  # takes a minute, and only changes of this file or of Django can break it
def test_migrations_create_the_same_tables_as_plain_django(tmp_path: Path) -> None:
    schemas = [tables_of(tmp_path / name, as_django_does=name == "django") for name in ("django", "ours")]
    assert len(schemas[0]) > 500
    assert schemas[0] == schemas[1]


MIGRATE = """
from contextlib import nullcontext
import django; django.setup()
from django.core.management.commands.migrate import Command
from django.core.management import call_command
from tradepost.market.base.django_internals.historical_models import render_less_often
from tradepost.market.base.django_internals.upgrade_from_0_1 import followed
with followed(), {context}():
    call_command(Command(), verbosity=0)
"""


def tables_of(folder: Path, *, as_django_does: bool) -> list[tuple[str, ...]]:
    """Return SQLite's tables, indexes and triggers after a separate process ran all migrations from 0.1.0."""
    folder.mkdir()
    program = MIGRATE.format(context="nullcontext" if as_django_does else "render_less_often")
    world = os.environ | {"TRADEPOST_DATA": str(folder), "TRADEPOST_DATABASE_URL": ""}
    subprocess.run([sys.executable, "-c", program], env=world, check=True, timeout=600)
    with closing(sqlite3.connect(folder / "tradepost.sqlite3")) as file:
        return file.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
