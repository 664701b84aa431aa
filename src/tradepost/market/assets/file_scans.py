"""Inspect and scan documents that come in outside of the asset center: proofs of sellers and buyers, and invoices.

The same look inside and the same scanners as for assets, once for each content, in a leased job. A document that is not scanned is
never called clean, and an infected one is never given away again.
"""

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
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob

from .asset_formats import format_of
from .asset_models import FileScan
from .events import DocumentInfected
from .inside import InsideLimits, look_inside
from .scan_contract import Report, Subject, Verdict, judge
from .scan_registry import scanners

KIND = "assets.document"
INSPECTING = gettext_noop("Scanning for malware")
PROOFS, INVOICES = "", "invoices"
"""Folders below that of all files, in which scanned documents lie."""
_LIMITS = InsideLimits(depth=2, files=5_000, unpacked=200 * 1024 * 1024, seconds=60.0)


def begin(sha256: str, size: int, *, store: str, now: datetime) -> None:
    """Have a document scanned that was stored now; nothing for one that is known already."""
    _scan, new = FileScan.objects.get_or_create(sha256=sha256, store=store, defaults={"bytes": size, "created_at": now})
    if new:
        leased_jobs.start(KIND, f"{store}:{sha256}", payload={"sha256": sha256, "store": store}, now=now)


def verdicts(hashes: Collection[str], *, store: str = PROOFS) -> Mapping[str, str]:
    """Of several documents. One that was stored before documents were scanned is not scanned."""
    known = dict(FileScan.objects.filter(sha256__in=set(hashes), store=store).values_list("sha256", "verdict"))
    return {sha256: known.get(sha256, Verdict.NOT_SCANNED) for sha256 in hashes}


def must_be_harmless(sha256: str, *, store: str = PROOFS) -> None:
    """Raise ``Refused`` for a document in which malware was found."""
    if verdicts([sha256], store=store)[sha256] == Verdict.INFECTED:
        raise Refused("document.infected", infected(), HTTPStatus.UNPROCESSABLE_ENTITY, rule="business-rules §2.7")


def infected() -> str:
    return _(
        "Malware was found in this document, so it cannot be opened. Its sender can check their computer and send a clean file."
    )


def may_attach(sha256: str, *, store: str, scans: bool) -> bool:
    """Whether a mail may bring the document. ``scans``: a scanner is set up, so that a verdict is worth waiting for."""
    verdict = verdicts([sha256], store=store)[sha256]
    return verdict != Verdict.INFECTED and (bool(verdict) or not scans)


def task(settings: Callable[[], Config]) -> LeasedTask:
    return LeasedTask(
        work=lambda running: _work(running, settings()),
        ended=_ended,
        longest=timedelta(minutes=settings().scan_minutes + 5),
        at_once=1,
    )


def _work(running: Running, settings: Config) -> Mapping[str, Any]:
    sha256, store = running.payload["sha256"], running.payload["store"]
    running.progress(0, 1, INSPECTING)
    path = Files(settings.files / store if store else settings.files).path(sha256)
    if not path.exists():
        return Report(verdict=Verdict.NOT_SCANNED, why="gone").stored()
    with path.open("rb") as file:
        form = format_of(file)
    inside = look_inside(path, form, limits=_LIMITS, executables=False, go_on=running.go_on, folder=settings.uploads)
    subject = Subject(
        path=path, bytes=path.stat().st_size, inside=inside, settings=settings, go_on=running.go_on,
        seconds=settings.scan_minutes * 60,
    )  # fmt: skip
    return judge(inside, {name: scanner.scan(subject) for name, scanner in scanners().items()}).stored()


def _ended(job: LeasedJob, now: datetime) -> None:
    """Also a scan that broke down ends here, as *not scanned*."""
    report = job.result or Report(verdict=Verdict.NOT_SCANNED, why="broke_down").stored()
    scans = FileScan.objects.filter(sha256=job.payload["sha256"], store=job.payload["store"])
    scans.update(verdict=report["verdict"], report=report, scanned_at=now)
    if report["verdict"] == Verdict.INFECTED:
        outbox.publish(DocumentInfected(sha256=job.payload["sha256"], store=job.payload["store"]), now=now)
