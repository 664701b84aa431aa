"""Delete old exports. They hold personal data and can be exported again."""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial
from itertools import batched
from pathlib import Path

from django.db import transaction

from tradepost.market.base.retention import Sweep

from .models import Export
from .order import delete_unused_files, folder

BATCH = 200
ORPHAN_AGE = 24 * 3600
"""Seconds after which a file without an export is deleted. Its worker died, or its export was deleted meanwhile."""


def exports(files: Path) -> Sweep:
    return Sweep(
        name="exports", model=Export, setting="keep_exports_days", work=lambda before: _delete(before, files=files)
    )  # fmt: skip


def _delete(before: datetime, *, files: Path) -> int:
    """Delete a batch of exports, oldest first. When none is left, delete files without an export."""
    oldest_exports = list(Export.objects.order_by("pk").values_list("pk", "created_at", "sha256")[:BATCH])
    old_exports = [(pk, sha256) for pk, created_at, sha256 in oldest_exports if created_at < before]
    deleted_count = Export.objects.filter(pk__in=[pk for pk, _sha256 in old_exports]).delete()[0]
    delete_unused_files([sha256 for _pk, sha256 in old_exports], files=files)
    if not old_exports:
        _delete_orphans(folder(files).root)
    return deleted_count


def _delete_orphans(root: Path) -> None:
    """Delete old files without an export. Their age is measured by the clock of the file system."""
    newest_time = time.time() - ORPHAN_AGE
    old_paths = [path for path in root.rglob("*") if path.is_file() and path.stat().st_mtime < newest_time]
    for batch in batched(old_paths, BATCH):
        used_hashes = set(
            Export.objects.filter(sha256__in=[path.name for path in batch]).values_list("sha256", flat=True)
        )
        for path in batch:
            if path.name not in used_hashes:
                transaction.on_commit(partial(path.unlink, missing_ok=True))
