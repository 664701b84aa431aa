"""Retention of tables of members, their results, and invitations. Enterprises and people stay, because sellers know
them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from tradepost.market.base import clock
from tradepost.market.base.files import Files
from tradepost.market.base.retention import Rule, Sweep

from .forget import erase_enterprise
from .import_members import OPEN_STATUSES
from .lifecycle import IMPORT, ImportEvent
from .models import Enterprise, ImportRun, Invitation

BATCH = 200
IN_PROGRESS = (ImportRun.Status.CHECKING, ImportRun.Status.IMPORTING)

INVITATIONS = Rule(
    name="enterprise invitations",
    model=Invitation,
    when="expires_at",
    setting="keep_enterprise_invitations_days",
)
"""Invitations contain addresses of people who may never have answered."""
IMPORTS = Rule(
    name="imports of members",
    model=ImportRun,
    when="created_at",
    setting="keep_imports_days",
    needed=Q(status__in=OPEN_STATUSES) | ~Q(sha256=""),
)


def tables(files: Files, *, keep: timedelta) -> Sweep:
    """Return the sweep of tables, which contain personal data and are not needed after the import."""
    return Sweep(
        name="tables of members",
        model=ImportRun,
        setting="keep_import_tables_days",
        work=lambda before: _clear_imports(before, files=files, now=before + keep),
    )


def dissolved_enterprises(files: Files) -> Sweep:
    """Return the sweep that erases dissolved enterprises, one per transaction."""
    return Sweep(
        name="dissolved enterprises",
        model=Enterprise,
        setting="keep_dissolved_enterprises_days",
        work=lambda before: _erase_next_enterprise(before, files=files),
    )


def _erase_next_enterprise(before: datetime, *, files: Files) -> int:
    due_enterprises = Enterprise.objects.filter(dissolved_at__lt=before, erased_at__isnull=True).order_by(
        "dissolved_at"
    )
    enterprise = due_enterprises.select_for_update(of=("self",)).first()
    if enterprise is None:
        return 0
    erase_enterprise(enterprise, files=files, now=clock.now())
    return 1


def _clear_imports(before: datetime, *, files: Files, now: datetime) -> int:
    old_runs = ImportRun.objects.filter(~Q(sha256=""), created_at__lt=before)
    runs = list(old_runs.exclude(status__in=IN_PROGRESS).order_by("pk")[:BATCH])
    drop_tables(runs, files=files, now=now)
    return len(runs)


def drop_tables(runs: Sequence[ImportRun], *, files: Files, now: datetime, fresh: bool = False) -> None:
    """Delete the tables of imports that no job works on. Stops an import that awaits confirmation. ``fresh``: also
    delete files of today."""
    waiting_runs = [run for run in runs if run.status == ImportRun.Status.CHECKED]
    IMPORT.move_all(waiting_runs, ImportEvent.STOP, now=now, actor="market", ended_at=now)
    hashes = {run.sha256 for run in runs}
    ImportRun.objects.filter(pk__in=[run.pk for run in runs]).update(sha256="")
    referenced_hashes = set(ImportRun.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))
    transaction.on_commit(lambda: _delete(hashes - referenced_hashes, files, fresh=fresh))


def _delete(hashes: set[str], files: Files, *, fresh: bool) -> None:
    for sha256 in hashes:
        files.erase(sha256) if fresh else files.delete(sha256)
