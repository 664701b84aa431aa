"""Pictures and documents that nothing refers to go after a while, and their files with the last row that named them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef

from tradepost.market.base.files import Files
from tradepost.market.base.retention import Sweep

from .models import Picture, PictureUse, Proof, ProofUse

BATCH = 500


def unused_files(files: Files) -> tuple[Sweep, Sweep]:
    pictures = Sweep(
        name="unused pictures",
        model=Picture,
        setting="keep_unused_files_days",
        work=partial(_delete_pictures, files=files),
    )
    proofs = Sweep(
        name="unused proofs", model=Proof, setting="keep_unused_files_days", work=partial(_delete_proofs, files=files)
    )
    return pictures, proofs


def _delete_pictures(before: datetime, *, files: Files) -> int:
    """A batch. Files go when the rows are gone for good."""
    unused = Picture.objects.filter(~Exists(PictureUse.objects.filter(picture=OuterRef("pk"))), created_at__lt=before)
    gone = dict(unused.order_by("pk").values_list("pk", "sha256")[:BATCH])
    Picture.objects.filter(pk__in=list(gone)).delete()
    transaction.on_commit(lambda: _delete_files(gone.values(), files))
    return len(gone)


def _delete_proofs(before: datetime, *, files: Files) -> int:
    unused = Proof.objects.filter(~Exists(ProofUse.objects.filter(proof=OuterRef("pk"))), created_at__lt=before)
    gone = dict(unused.order_by("pk").values_list("pk", "sha256")[:BATCH])
    Proof.objects.filter(pk__in=list(gone)).delete()
    transaction.on_commit(lambda: _delete_files(gone.values(), files))
    return len(gone)


def _delete_files(hashes: Collection[str], files: Files) -> None:
    """The same file may be a picture and a document, of two sellers."""
    still = {
        sha256
        for model in (Picture, Proof)
        for sha256 in model._default_manager.filter(sha256__in=set(hashes)).values_list("sha256", flat=True)  # noqa: SLF001
    }
    for sha256 in set(hashes) - still:
        files.delete(sha256)
