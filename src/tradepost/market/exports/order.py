"""Order, cancel and delete exports."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.base.models import LeasedJob
from tradepost.market.identity.models import User

from .models import FOLDER, PERSONAL_DATA, Export

KIND = "exports.write"
COPY_KIND = "personal_data.export"
"""Kinds of the leased jobs: write a list, or write a copy of a person's data."""
MAX_WAITING = 3
"""Maximum number of exports in progress per person."""
Status = Export.Status


def folder(files: Path) -> Files:
    return Files(files / FOLDER)


def kind_of(export: Export) -> str:
    """Return the kind of the leased job that writes the file."""
    return COPY_KIND if export.site == PERSONAL_DATA else KIND


def job_of(export: Export) -> LeasedJob | None:
    return leased_jobs.newest(kind_of(export), str(export.pk))


def order_export(export: Export, *, now: datetime) -> Export:
    """Start the job that writes the file. Raises ``Refused`` if the person already has ``MAX_WAITING`` exports in
    progress."""
    User.objects.select_for_update(no_key=True).get(pk=export.user_id)
    if Export.objects.filter(user=export.user_id, status=Status.WAITING).count() >= MAX_WAITING:
        raise Refused(
            "export.too_many",
            _("Three exports are in progress. Wait until one is ready, or cancel one."),
            HTTPStatus.CONFLICT,
        )
    export.created_at = now
    export.save()
    leased_jobs.start(
        kind_of(export), str(export.pk), payload={"export": export.pk}, now=now, seller_id=export.seller_id
    )
    return export


def delete(export: Export, *, files: Path, now: datetime) -> None:
    """Delete an export and its file; cancel it if it is in progress."""
    job = job_of(export)
    if job is not None:
        leased_jobs.cancel(job.pk, now=now)
    export.delete()
    delete_unused_files([export.sha256], files=files)


def delete_unused_files(hashes: list[str], *, files: Path) -> None:
    """Delete files that no export refers to, after the transaction commits."""
    unused_hashes = {sha256 for sha256 in hashes if sha256} - set(
        Export.objects.filter(sha256__in=hashes).values_list("sha256", flat=True)
    )

    def delete_files() -> None:
        for sha256 in unused_hashes:
            folder(files).path(sha256).unlink(missing_ok=True)

    transaction.on_commit(delete_files)
