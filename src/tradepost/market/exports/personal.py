"""Erase a person: delete their exports, and other people's files that contain the person's data."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tradepost.market.base import clock
from tradepost.market.base.file_search import holds_any
from tradepost.market.base.personal import Exported, Person, Personal

from .models import Export
from .order import delete, delete_unused_files, folder


def _delete(person: Person, files: Path) -> None:
    """Delete the person's files and other people's files that contain the person's data. Lists can be exported
    again."""
    for export in Export.objects.filter(user=person.pk).order_by("pk"):
        delete(export, files=files, now=clock.now())
    rows, store = Export.objects.exclude(sha256="").order_by("pk").values_list("pk", "sha256"), folder(files)
    affected_keys = [pk for pk, sha256 in rows if holds_any(store.path(sha256), person.texts)]
    with transaction.atomic():
        affected_exports = Export.objects.filter(pk__in=affected_keys)
        hashes = list(affected_exports.values_list("sha256", flat=True))
        affected_exports.delete()
        delete_unused_files(hashes, files=files)


EXPORTED = (
    Exported(
        name="files", title=_("Files you exported"), model=Export, whose="user",
        columns="created_at title format status rows",
    ),
)  # fmt: skip

PERSONAL = Personal(first=_delete, exported=EXPORTED)
