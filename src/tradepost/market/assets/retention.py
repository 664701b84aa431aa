"""Pictures that nothing refers to go after a while, and their files with the last row that named them."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef

from tradepost.market.base.files import Files
from tradepost.market.base.retention import Sweep

from .models import Picture, PictureUse

BATCH = 500


def unused_pictures(files: Files) -> Sweep:
    return Sweep(
        name="unused pictures",
        model=Picture,
        setting="keep_unused_pictures_days",
        work=partial(_delete_unused, files=files),
    )


def _delete_unused(before: datetime, *, files: Files) -> int:
    """A batch. Files go when the rows are gone for good."""
    unused = Picture.objects.filter(~Exists(PictureUse.objects.filter(picture=OuterRef("pk"))), created_at__lt=before)
    gone = list(unused.order_by("pk").values_list("pk", "sha256")[:BATCH])
    Picture.objects.filter(pk__in=[pk for pk, _ in gone]).delete()
    hashes = {sha256 for _, sha256 in gone}
    transaction.on_commit(lambda: _delete_files(hashes, files))
    return len(gone)


def _delete_files(hashes: set[str], files: Files) -> None:
    still = set(Picture.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))
    for sha256 in hashes - still:
        files.delete(sha256)
