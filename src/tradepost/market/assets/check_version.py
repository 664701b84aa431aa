"""The leased job that takes an uploaded file in: read once for its hash, kept under it, looked into, scanned, judged.

It holds one piece of the file in memory, whatever its size, and may be begun again at any step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop

from tradepost.market.base.config import Config
from tradepost.market.base.files import Files
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.product_types.contract import AssetKind

from . import file_scans
from .asset_formats import TAKEN, format_of, has_suffix
from .asset_models import AssetVersion, Upload
from .contested import blocks
from .inside import InsideLimits, look_inside
from .scan_contract import Inside, Report, ScanFinding, Severity, Subject, judge
from .scan_registry import scanners
from .upload import path_of
from .versions import CHECK, record_check

PIECE = 1024 * 1024
READING, LOOKING, SCANNING = (
    gettext_noop("Reading the file"), gettext_noop("Looking inside"), gettext_noop("Scanning for malware"),
)  # fmt: skip
"""What a page says meanwhile."""


def tasks(settings: Callable[[], Config]) -> Mapping[str, LeasedTask]:
    """Of this context: files of assets, and documents that come in elsewhere."""
    return {CHECK: task(settings), file_scans.KIND: file_scans.task(settings)}


def task(settings: Callable[[], Config]) -> LeasedTask:
    return LeasedTask(
        work=lambda running: _work(running, settings()),
        ended=_ended,
        longest=timedelta(minutes=settings().scan_minutes * 2 + 30),
        at_once=1,
    )


def _work(running: Running, settings: Config) -> Mapping[str, Any]:
    version = AssetVersion.objects.select_related("asset").get(pk=running.payload["version"])
    files = Files(settings.files)
    running.progress(0, 3, READING)
    take_in(version, files=files, folder=settings.uploads, go_on=running.go_on)
    path = files.path(version.sha256)
    running.progress(1, 3, LOOKING)
    with path.open("rb") as file:
        form = format_of(file)
    inside = _inside(version, path, form, settings, running.go_on)
    running.progress(2, 3, SCANNING)
    subject = Subject(
        path=path, bytes=version.bytes, inside=inside, settings=settings, go_on=running.go_on,
        seconds=settings.scan_minutes * 60,
    )  # fmt: skip
    report = judge(inside, {name: scanner.scan(subject) for name, scanner in scanners().items()})
    return {"format": form, "report": report.stored()}


def take_in(version: AssetVersion, *, files: Files, folder: Path, go_on: Callable[[], None]) -> None:
    """Hash the file that came and keep it under its hash, on the same disk, so that not a byte is copied."""
    upload = Upload.objects.get(version=version)
    came = path_of(upload, folder)
    if version.sha256 and not came.exists():
        return
    digest = hashlib.sha256()
    with came.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            go_on()
    version.sha256 = digest.hexdigest()
    AssetVersion.objects.filter(pk=version.pk).update(sha256=version.sha256)
    files.adopt(version.sha256, came)


def _inside(version: AssetVersion, path: Path, form: str, settings: Config, go_on: Callable[[], None]) -> Inside:
    kind = version.asset.kind
    if form not in TAKEN[kind]:
        wrong = ScanFinding(code="file.format", severity=Severity.HIGH, what=form)
        return Inside(findings=(wrong,), whole=False, why="format")
    if not has_suffix(version.file_name, kind, form):
        return Inside(
            findings=(ScanFinding(code="file.renamed", severity=Severity.HIGH, what=form),), whole=False, why="format"
        )
    if kind == AssetKind.IMAGE:  # a disk with its systems is not opened here, and clamd does not either
        return Inside(whole=False, why="disk")
    limits = InsideLimits(seconds=settings.scan_minutes * 60)
    return look_inside(
        path, form, limits=limits, executables=kind == AssetKind.PACKAGE, go_on=go_on, folder=settings.uploads
    )


def _ended(job: LeasedJob, now: datetime) -> None:
    """Also a check that broke down ends here: not scanned, and an operator looks."""
    version = AssetVersion.objects.get(pk=job.payload["version"])
    found = job.result or {"format": version.format, "report": Report(verdict="not_scanned", why="broke_down").stored()}
    AssetVersion.objects.filter(pk=version.pk, status=AssetVersion.Status.CHECKING).update(
        format=found["format"], verdict=found["report"]["verdict"], report=found["report"]
    )
    version.report = found["report"]
    record_check(version, passed=bool(version.sha256) and not blocks(version), now=now)
