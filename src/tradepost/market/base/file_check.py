"""Which files the database refers to, and which of them are missing from the files folder.

References are read from the models (``content_hash``), in batches by primary key: a large market is checked in bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.models import Model, Q
from msgspec import Struct

from .content_hash import ContentHash
from .files import SHA256, Files

BATCH = 2_000
MOST_NAMED = 5
"""Missing files that are named; the others are counted."""


class Reference(Struct, frozen=True):
    """A column that names files."""

    model: type[Model]
    field: Any
    """A ``ContentHash``; as its own type, type checkers take it for the text in a row."""


class FileCheck(Struct, frozen=True):
    """``checked``: files that rows refer to; ``missing``: how many of them are not there; ``named``: the first of those."""

    checked: int = 0
    missing: int = 0
    named: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.missing

    def names(self) -> str:
        """The missing files, for a person: the first ones by name, the others by number."""
        more = self.missing - len(self.named)
        return ", ".join(self.named) + (f" and {more} more" if more else "")


def references() -> list[Reference]:
    return [
        Reference(model, field)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields  # noqa: SLF001  # Django's public API for models
        if isinstance(field, ContentHash)
    ]


def check_files(root: Path, *, progress: Callable[[int], None] = lambda _number: None) -> FileCheck:
    """Look for every file that the database refers to. ``progress`` gets the number of rows checked so far."""
    checked = missing = 0
    named: list[str] = []
    for reference in references():
        for key, sha256 in _rows(reference):
            checked += 1
            if (path := _missing(root, reference.field, sha256)) is not None:
                missing += 1
                if len(named) < MOST_NAMED:
                    named.append(f"{path} ({reference.model._meta.label} {key})")  # noqa: SLF001
            if checked % BATCH == 0:
                progress(checked)
    progress(checked)
    return FileCheck(checked, missing, tuple(named))


def _rows(reference: Reference) -> Iterator[tuple[int, str]]:
    """Primary key and hash of each row with a file, a batch a statement."""
    name, after = reference.field.attname, 0
    rows = reference.model._base_manager.exclude(**{name: ""})  # noqa: SLF001
    if reference.field.without_file is not None:
        rows = rows.exclude(reference.field.without_file)
    while True:
        batch = list(rows.filter(Q(pk__gt=after)).order_by("pk").values_list("pk", name)[:BATCH])
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1][0]


def _missing(root: Path, field: ContentHash, sha256: str) -> str | None:
    """The first part that is not there, as a path below the files folder; None when all are."""
    if not SHA256.fullmatch(sha256):
        return repr(sha256)  # names no file
    files = Files(root / field.folder)
    paths = (files.path(sha256, part) for part in field.parts)
    return next((str(path.relative_to(root)) for path in paths if not path.is_file()), None)
