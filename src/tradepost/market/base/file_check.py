"""Find the files that the database refers to, and report those missing from the files folder.

The models declare the references (``content_hash``). They are read in batches by primary key, so memory use does not
grow with the market."""

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
MAX_NAMED = 5
"""Number of missing files that are listed by name; the others are counted."""


class Reference(Struct, frozen=True):
    """A column that refers to files."""

    model: type[Model]
    field: Any
    """A ``ContentHash``. Typed as Any, because type checkers see the text of a row in that type."""


class FileCheck(Struct, frozen=True):
    """``checked``: files that rows refer to; ``missing``: how many of them do not exist; ``named``: the first missing
    files."""

    checked: int = 0
    missing: int = 0
    named: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.missing

    def names(self) -> str:
        """Describe the missing files: the first ones by name, the others by number."""
        unnamed = self.missing - len(self.named)
        return ", ".join(self.named) + (f" and {unnamed} more" if unnamed else "")


def references() -> list[Reference]:
    return [
        Reference(model, field)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_concrete_fields  # noqa: SLF001  # Django's public API for models
        if isinstance(field, ContentHash)
    ]


def check_files(root: Path, *, progress: Callable[[int], None] = lambda _number: None) -> FileCheck:
    """Look for every file that the database refers to. ``progress`` gets the number of references checked so far."""
    checked_count = missing_count = 0
    named_files: list[str] = []
    for reference in references():
        for key, sha256 in _rows(reference):
            checked_count += 1
            if (path := _missing(root, reference.field, sha256)) is not None:
                missing_count += 1
                if len(named_files) < MAX_NAMED:
                    named_files.append(f"{path} ({reference.model._meta.label} {key})")  # noqa: SLF001
            if checked_count % BATCH == 0:
                progress(checked_count)
    progress(checked_count)
    return FileCheck(checked_count, missing_count, tuple(named_files))


def _rows(reference: Reference) -> Iterator[tuple[int, str]]:
    """Return the primary key and hash of each row with a file; one statement per batch."""
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
    """Return the path of the first missing part, relative to the files folder, or None if all exist."""
    if not SHA256.fullmatch(sha256):
        return repr(sha256)  # not a file name
    files = Files(root / field.folder)
    paths = (files.path(sha256, part) for part in field.parts)
    return next((str(path.relative_to(root)) for path in paths if not path.is_file()), None)
