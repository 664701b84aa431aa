"""Inspect and scan documents outside of the asset center: proofs of sellers and buyers, and invoices.

A leased job runs the same inspection and scanners as for assets, once per content. A document that was not scanned is
never declared clean, and an infected one is never served again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tradepost.market.base import leased_jobs, outbox
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob

from .asset_formats import format_of
from .asset_models import FileScan
from .events import DocumentInfected
from .inside import InsideLimits, inspect_file
from .scan_contract import Report, Subject, Verdict, judge
from .scan_registry import scanners

KIND = "assets.document"
INSPECTING = gettext_noop("Scanning for malware")
PROOFS, INVOICES = "", "invoices"
"""Folders of scanned documents, below the files folder."""
_LIMITS = InsideLimits(depth=2, files=5_000, unpacked=200 * 1024 * 1024, seconds=60.0)


def begin(sha256: str, size: int, *, store: str, now: datetime) -> None:
    """Start the scan of a newly stored document, unless its content is known."""
    _scan, is_new = FileScan.objects.get_or_create(
        sha256=sha256, store=store, defaults={"bytes": size, "created_at": now}
    )
    if is_new:
        leased_jobs.start(KIND, f"{store}:{sha256}", payload={"sha256": sha256, "store": store}, now=now)


def verdicts(hashes: Collection[str], *, store: str = PROOFS) -> Mapping[str, str]:
    """Return the verdicts of documents. Documents older than this scan count as not scanned."""
    verdicts_by_hash = dict(
        FileScan.objects.filter(sha256__in=set(hashes), store=store).values_list("sha256", "verdict")
    )
    return {sha256: verdicts_by_hash.get(sha256, Verdict.NOT_SCANNED) for sha256 in hashes}


def check_not_infected(sha256: str, *, store: str = PROOFS) -> None:
    """Raise ``Refused`` for an infected document."""
    if verdicts([sha256], store=store)[sha256] == Verdict.INFECTED:
        raise Refused(
            "document.infected", infected_documents(), HTTPStatus.UNPROCESSABLE_ENTITY, rule="business-rules §2.7"
        )


def infected_documents() -> str:
    return _(
        "Malware was found in this document, so it cannot be opened. The sender should check their computer and "
        "send a clean file."
    )


def is_attachable(sha256: str, *, store: str, scans: bool) -> bool:
    """Return whether a mail may attach the document. ``scans``: whether a scanner is configured, so that mails wait
    for the verdict."""
    verdict = verdicts([sha256], store=store)[sha256]
    return verdict != Verdict.INFECTED and (bool(verdict) or not scans)


def task(settings: Callable[[], Config]) -> LeasedTask:
    return LeasedTask(
        work=lambda running: _work(running, settings()),
        ended=_ended,
        longest=timedelta(minutes=settings().assets.scan_minutes + 5),
        at_once=1,
    )


def _work(running: RunningJob, settings: Config) -> Mapping[str, Any]:
    sha256, store = running.payload["sha256"], running.payload["store"]
    running.progress(0, 1, INSPECTING)
    path = Files(settings.files / store if store else settings.files).path(sha256)
    if not path.exists():
        return Report(verdict=Verdict.NOT_SCANNED, why="gone").stored()
    with path.open("rb") as file:
        form = format_of(file)
    inside = inspect_file(path, form, limits=_LIMITS, executables=False, go_on=running.go_on, folder=settings.uploads)
    subject = Subject(
        path=path, bytes=path.stat().st_size, inside=inside, settings=settings, go_on=running.go_on,
        seconds=settings.assets.scan_minutes * 60,
    )  # fmt: skip
    return judge(inside, {name: scanner.scan(subject) for name, scanner in scanners().items()}).stored()


def _ended(job: LeasedJob, now: datetime) -> None:
    """Record the result. A scan that failed also ends here, as *not scanned*."""
    report = job.result or Report(verdict=Verdict.NOT_SCANNED, why="broke_down").stored()
    scans = FileScan.objects.filter(sha256=job.payload["sha256"], store=job.payload["store"])
    scans.update(verdict=report["verdict"], report=report, scanned_at=now)
    if report["verdict"] == Verdict.INFECTED:
        outbox.publish(DocumentInfected(sha256=job.payload["sha256"], store=job.payload["store"]), now=now)
