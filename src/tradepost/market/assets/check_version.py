"""The leased job that processes an uploaded file: hash it, store it, inspect it, scan it, and judge it.

It holds one piece of the file in memory, regardless of its size, and can be restarted at any step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop

from tradepost.market.base.config import Config
from tradepost.market.base.files import Files
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.product_types.contract import AssetKind

from . import file_scans
from .asset_formats import ACCEPTED, format_of, has_suffix
from .asset_models import AssetVersion, Upload
from .contested import is_blocked
from .inside import InsideLimits, inspect_file
from .scan_contract import ContentReport, Report, ScanFinding, Severity, Subject, judge
from .scan_registry import scanners
from .upload import path_of
from .versions import CHECK, record_check

PIECE_BYTES = 1024 * 1024
READING, INSPECTING, SCANNING = (
    gettext_noop("Reading the file"), gettext_noop("Checking the contents"), gettext_noop("Scanning for malware"),
)  # fmt: skip
"""Progress messages of the page."""


def tasks(settings: Callable[[], Config]) -> Mapping[str, LeasedTask]:
    """Return the tasks of this context: for files of assets, and for other documents."""
    return {CHECK: task(settings), file_scans.KIND: file_scans.task(settings)}


def task(settings: Callable[[], Config]) -> LeasedTask:
    return LeasedTask(
        work=lambda running: _work(running, settings()),
        ended=_ended,
        longest=timedelta(minutes=settings().assets.scan_minutes * 2 + 30),
        at_once=1,
    )


def _work(running: RunningJob, settings: Config) -> Mapping[str, Any]:
    version = AssetVersion.objects.select_related("asset").get(pk=running.payload["version"])
    files = Files(settings.files)
    running.progress(0, 3, READING)
    store_upload(version, files=files, folder=settings.uploads, go_on=running.go_on)
    path = files.path(version.sha256)
    running.progress(1, 3, INSPECTING)
    with path.open("rb") as file:
        form = format_of(file)
    inside = _inside(version, path, form, settings, running.go_on)
    running.progress(2, 3, SCANNING)
    subject = Subject(
        path=path, bytes=version.bytes, inside=inside, settings=settings, go_on=running.go_on,
        seconds=settings.assets.scan_minutes * 60,
    )  # fmt: skip
    report = judge(inside, {name: scanner.scan(subject) for name, scanner in scanners().items()})
    return {"format": form, "report": report.stored()}


def store_upload(version: AssetVersion, *, files: Files, folder: Path, go_on: Callable[[], None]) -> None:
    """Hash the uploaded file and move it into the store on the same disk, without copying."""
    upload = Upload.objects.get(version=version)
    uploaded_path = path_of(upload, folder)
    if version.sha256 and not uploaded_path.exists():
        return
    digest = hashlib.sha256()
    with uploaded_path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            go_on()
    version.sha256 = digest.hexdigest()
    AssetVersion.objects.filter(pk=version.pk).update(sha256=version.sha256)
    files.adopt(version.sha256, uploaded_path)


def _inside(version: AssetVersion, path: Path, form: str, settings: Config, go_on: Callable[[], None]) -> ContentReport:
    kind = version.asset.kind
    if form not in ACCEPTED[kind]:
        finding = ScanFinding(code="file.format", severity=Severity.HIGH, what=form)
        return ContentReport(findings=(finding,), whole=False, why="format")
    if not has_suffix(version.file_name, kind, form):
        return ContentReport(
            findings=(ScanFinding(code="file.renamed", severity=Severity.HIGH, what=form),), whole=False, why="format"
        )
    if kind == AssetKind.IMAGE:  # neither this check nor clamd opens the file systems of a disk image
        return ContentReport(whole=False, why="disk")
    limits = InsideLimits(seconds=settings.assets.scan_minutes * 60)
    return inspect_file(
        path, form, limits=limits, executables=kind == AssetKind.PACKAGE, go_on=go_on, folder=settings.uploads
    )


def _ended(job: LeasedJob, now: datetime) -> None:
    """Record the result. A check that failed also ends here: not scanned, so that an operator decides."""
    version = AssetVersion.objects.get(pk=job.payload["version"])
    result = job.result or {
        "format": version.format,
        "report": Report(verdict="not_scanned", why="broke_down").stored(),
    }
    AssetVersion.objects.filter(pk=version.pk, status=AssetVersion.Status.CHECKING).update(
        format=result["format"], verdict=result["report"]["verdict"], report=result["report"]
    )
    version.report = result["report"]
    record_check(version, passed=bool(version.sha256) and not is_blocked(version), now=now)
