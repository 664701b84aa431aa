"""Migrations see the models of their time, however seldom the classes of these are made anew."""

from __future__ import annotations

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
        assert {"book_title", "book_titled", "book_once"} <= set(found)
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(after.apps.get_model(LABEL, "Book"))
            editor.delete_model(after.apps.get_model(LABEL, "Shelf"))


def test_django_is_as_it_was_afterwards() -> None:
    before = dict(vars(ProjectState))
    with made_less_often():
        assert dict(vars(ProjectState)) != before
    assert dict(vars(ProjectState)) == before
