"""Pictures and documents that nothing refers to go after a while, and their files with the last row that named them; so do
uploads that nobody ended, and the files of versions that were refused."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.files import Files
from tradepost.market.base.retention import Rule, Sweep

from . import upload
from .asset_models import AssetVersion, FileScan, Upload
from .file_scans import PROOFS
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


def uploads(files: Files, folder: Path, *, keep: timedelta) -> tuple[Sweep, Rule, Sweep]:
    """``folder``: where files lie that are not whole yet; ``keep``: how long they are waited for."""
    unfinished = Sweep(
        name="unfinished uploads",
        model=Upload,
        setting="keep_unfinished_uploads_days",
        work=lambda before: upload.expire(before + keep, folder=folder, most=BATCH),
    )
    ended = Rule(
        name="ended uploads",
        model=Upload,
        when="created_at",
        setting="keep_ended_uploads_days",
        needed=Q(status=Upload.Status.OPEN) | Q(version__status=AssetVersion.Status.CHECKING),
    )
    refused = Sweep(
        name="refused files",
        model=AssetVersion,
        setting="keep_unused_files_days",
        work=partial(_delete_refused, files=files),
    )
    return unfinished, ended, refused


REFUSED = (AssetVersion.Status.FAILED, AssetVersion.Status.REJECTED, AssetVersion.Status.WITHDRAWN)


def _delete_refused(before: datetime, *, files: Files) -> int:
    """What they were stays in their rows: evidence. Their bytes go."""
    old = AssetVersion.objects.filter(status__in=REFUSED, file_gone=False, checked_at__lt=before)
    gone = dict(old.order_by("pk").values_list("pk", "sha256")[:BATCH])
    AssetVersion.objects.filter(pk__in=list(gone)).update(file_gone=True)
    transaction.on_commit(lambda: _delete_files([sha256 for sha256 in gone.values() if sha256], files))
    return len(gone)


def _delete_files(hashes: Collection[str], files: Files) -> None:
    """The same file may be a picture and a document, of two sellers."""
    still = set(
        AssetVersion.objects.filter(sha256__in=set(hashes), file_gone=False).values_list("sha256", flat=True)
    ) | {
        sha256
        for model in (Picture, Proof)
        for sha256 in model._default_manager.filter(sha256__in=set(hashes)).values_list("sha256", flat=True)  # noqa: SLF001
    }
    gone = set(hashes) - still
    FileScan.objects.filter(sha256__in=gone, store=PROOFS).delete()
    for sha256 in gone:
        files.delete(sha256)
