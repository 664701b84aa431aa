"""How long tables of members, what became of them, and invitations are kept. Enterprises and people stay: sellers know them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from tradepost.market.base.files import Files
from tradepost.market.base.retention import Rule, Sweep

from .import_members import OPEN
from .lifecycle import IMPORT, ImportEvent
from .models import ImportRun, Invitation

BATCH = 200

INVITATIONS = Rule(
    name="enterprise invitations",
    model=Invitation,
    when="expires_at",
    setting="keep_enterprise_invitations_days",
)
"""They hold the addresses of people who may never have answered."""
IMPORTS = Rule(
    name="imports of members",
    model=ImportRun,
    when="created_at",
    setting="keep_imports_days",
    needed=Q(status__in=OPEN) | ~Q(sha256=""),
)


def tables(files: Files, *, keep: timedelta) -> Sweep:
    """They are full of personal data, and of no use once they were imported."""
    return Sweep(
        name="tables of members",
        model=ImportRun,
        setting="keep_import_tables_days",
        work=lambda before: _clear(before, files=files, now=before + keep),
    )


def _clear(before: datetime, *, files: Files, now: datetime) -> int:
    old = ImportRun.objects.filter(~Q(sha256=""), created_at__lt=before)
    gone = list(old.exclude(status__in=(ImportRun.Status.CHECKING, ImportRun.Status.IMPORTING)).order_by("pk")[:BATCH])
    waiting = [run for run in gone if run.status == ImportRun.Status.CHECKED]
    IMPORT.move_all(waiting, ImportEvent.STOP, now=now, actor="market", ended_at=now)
    hashes = {run.sha256 for run in gone}
    ImportRun.objects.filter(pk__in=[run.pk for run in gone]).update(sha256="")
    still = set(ImportRun.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))
    transaction.on_commit(lambda: _delete(hashes - still, files))
    return len(gone)


def _delete(hashes: set[str], files: Files) -> None:
    for sha256 in hashes:
        files.delete(sha256)
