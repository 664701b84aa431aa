"""Retention of unreferenced pictures and documents, abandoned uploads, and files of refused versions. A file is
deleted with the last row that refers to it."""

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
    """Delete a batch of pictures. Files are deleted after the commit."""
    unused_pictures = Picture.objects.filter(
        ~Exists(PictureUse.objects.filter(picture=OuterRef("pk"))), created_at__lt=before
    )
    deleted_pictures = dict(unused_pictures.order_by("pk").values_list("pk", "sha256")[:BATCH])
    Picture.objects.filter(pk__in=list(deleted_pictures)).delete()
    transaction.on_commit(lambda: delete_files(deleted_pictures.values(), files))
    return len(deleted_pictures)


def _delete_proofs(before: datetime, *, files: Files) -> int:
    unused_proofs = Proof.objects.filter(~Exists(ProofUse.objects.filter(proof=OuterRef("pk"))), created_at__lt=before)
    deleted_proofs = dict(unused_proofs.order_by("pk").values_list("pk", "sha256")[:BATCH])
    Proof.objects.filter(pk__in=list(deleted_proofs)).delete()
    transaction.on_commit(lambda: delete_files(deleted_proofs.values(), files))
    return len(deleted_proofs)


def uploads(files: Files, folder: Path, *, keep: timedelta) -> tuple[Sweep, Rule, Sweep]:
    """``folder``: of incomplete files; ``keep``: how long an incomplete upload is kept."""
    unfinished_sweep = Sweep(
        name="unfinished uploads",
        model=Upload,
        setting="keep_unfinished_uploads_days",
        work=lambda before: upload.expire(before + keep, folder=folder, most=BATCH),
    )
    ended_rule = Rule(
        name="ended uploads",
        model=Upload,
        when="created_at",
        setting="keep_ended_uploads_days",
        needed=Q(status=Upload.Status.OPEN) | Q(version__status=AssetVersion.Status.CHECKING),
    )
    refused_sweep = Sweep(
        name="refused files",
        model=AssetVersion,
        setting="keep_unused_files_days",
        work=partial(_delete_refused, files=files),
    )
    return unfinished_sweep, ended_rule, refused_sweep


REFUSED = (AssetVersion.Status.FAILED, AssetVersion.Status.REJECTED, AssetVersion.Status.WITHDRAWN)


def _delete_refused(before: datetime, *, files: Files) -> int:
    """Delete the files of refused versions; their rows stay as evidence."""
    old_versions = AssetVersion.objects.filter(status__in=REFUSED, file_gone=False, checked_at__lt=before)
    deleted_files = dict(old_versions.order_by("pk").values_list("pk", "sha256")[:BATCH])
    AssetVersion.objects.filter(pk__in=list(deleted_files)).update(file_gone=True)
    transaction.on_commit(lambda: delete_files([sha256 for sha256 in deleted_files.values() if sha256], files))
    return len(deleted_files)


def delete_files(hashes: Collection[str], files: Files, *, fresh: bool = False) -> None:
    """Delete files that no row refers to: a file may be a picture and a document, of two sellers. ``fresh``: also
    within its first day."""
    referenced_hashes = set(
        AssetVersion.objects.filter(sha256__in=set(hashes), file_gone=False).values_list("sha256", flat=True)
    ) | {
        sha256
        for model in (Picture, Proof)
        for sha256 in model._default_manager.filter(sha256__in=set(hashes)).values_list("sha256", flat=True)  # noqa: SLF001
    }
    unreferenced_hashes = set(hashes) - referenced_hashes
    FileScan.objects.filter(sha256__in=unreferenced_hashes, store=PROOFS).delete()
    for sha256 in unreferenced_hashes:
        files.erase(sha256) if fresh else files.delete(sha256)
