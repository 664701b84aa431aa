"""The worker's part of an export: read a list in batches and write the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tradepost.market.base.config import Config, config
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.base.table_files import MAX_WORKBOOK_ROWS, Cell, write_csv, write_workbook
from tradepost.market.exports.models import Export
from tradepost.market.exports.order import KIND
from tradepost.market.exports.writing import store

from .registry import WorkerRequest, entry

WRITING_STAGE = gettext_noop("Writing the file")
PROGRESS_INTERVAL = 1_000
"""Number of rows between checks whether the export was cancelled."""
Status = Export.Status


def tasks() -> Mapping[str, LeasedTask]:
    return {KIND: LeasedTask(work=write, ended=end, attempts=2, at_once=1)}


def write(running: RunningJob) -> Mapping[str, Any]:
    """Write the file and return its facts. Runs outside of transactions, so that a long list holds no lock."""
    export = Export.objects.select_related("user", "seller").filter(pk=running.payload["export"]).first()
    if export is None:
        return {}
    with translation.override(export.language):
        try:
            return _write_file(export, running, config())
        except Refused as refused:
            Export.objects.filter(pk=export.pk).update(reason=str(refused.message)[:300])
            raise


def _write_file(export: Export, running: RunningJob, settings: Config) -> Mapping[str, Any]:
    rows, head = _rows(export, running)
    file = store(settings.files, lambda path: _write(export, path, head, rows, settings))
    return {"sha256": file.sha256, "size": file.size, "rows": file.result}


def _rows(export: Export, running: RunningJob) -> tuple[Iterator[Sequence[Cell]], list[str]]:
    listed = entry(export.listing)
    request = WorkerRequest(export, export.created_at)
    if listed is None or not listed.admit(request, export):
        raise Refused("export.rights", _("You no longer have access to this list."))
    query = listed.listing.asked(request)
    if query.problems:
        raise Refused("export.query", _("The filters could not be applied. Open the list and check its filters."))

    def rows_with_progress() -> Iterator[Sequence[Cell]]:
        for count, row in enumerate(listed.listing.lines(request, query), start=1):
            if count % PROGRESS_INTERVAL == 0:
                running.progress(count, 0, WRITING_STAGE)
            if count > MAX_WORKBOOK_ROWS and export.format == Export.Format.XLSX:
                raise Refused("export.rows", _("A workbook holds 1,048,575 rows. Narrow the list, or choose CSV."))
            yield row

    return rows_with_progress(), listed.listing.head()


def _write(export: Export, path: Path, head: list[str], rows: Iterator[Sequence[Cell]], settings: Config) -> int:
    if export.format == Export.Format.XLSX:
        return write_workbook(path, head, rows, name=export.name, digits=MINOR_DIGITS[settings.currency])
    with path.open("w", encoding="utf-8", newline="") as file:
        return write_csv(file, head, rows)


def end(job: LeasedJob, now: datetime) -> None:
    """Record the outcome of an export; the reason for a refusal is already recorded. The file of an export that was
    deleted meanwhile is removed by the nightly clean-up (``retention``)."""
    facts: dict[str, Any] = dict(job.result or {})
    if job.outcome == LeasedJob.Outcome.DONE and facts:
        facts["status"] = Status.DONE
    elif job.outcome == LeasedJob.Outcome.CANCELLED:
        facts = {"status": Status.CANCELLED}
    else:
        facts = {"status": Status.FAILED}
    Export.objects.filter(pk=job.payload["export"]).update(ended_at=now, **facts)
