"""The reports against which sellers appeal, one class each: their blocking findings, and the effects of an appeal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.assets import contested, scan_words
from tradepost.market.assets.asset_models import AssetVersion
from tradepost.market.assets.scan_contract import fingerprint_of
from tradepost.market.identity.models import Seller
from tradepost.market.web_scan import standing
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.report import title_of

from .documents import Appeal, ContestedFinding


class Report(Protocol):
    """``label``: of its subject. ``whole``: whether all blocking findings must be contested together, because
    correcting a part gives a new report."""

    label: ClassVar[str | Promise]
    whole: ClassVar[bool]

    def wrong(self) -> str:
        """Return why no appeal is possible now; empty if one is."""

    def blocking(self) -> Sequence[ContestedFinding]:
        """Return the blocking findings, without the seller's reasons."""

    def sent(self, *, by: str, now: datetime) -> None:
        """The appeal awaits an operator."""

    def denied(self, *, by: str, now: datetime) -> None:
        """The appeal was rejected or withdrawn."""

    def accept(self, prints: Collection[str], *, submission: int, by: str, now: datetime) -> None:
        """Declare these findings false positives."""


class WebSiteReport(Struct, frozen=True):
    run: WebScan
    label: ClassVar[str | Promise] = gettext_lazy("Web site")
    whole: ClassVar[bool] = False

    def wrong(self) -> str:
        """Only the newest report blocks."""
        is_current = self.run.status == WebScan.Status.DONE and standing.is_newest(self.run)
        return "" if is_current else _("This report no longer exists or is not the latest one.")

    def blocking(self) -> Sequence[ContestedFinding]:
        return [
            ContestedFinding(
                code=finding.code, where=finding.where, evidence=tuple(finding.evidence), fingerprint=finding.fingerprint
            )
            for finding in standing.blocking_findings_of(self.run)
        ]  # fmt: skip

    def sent(self, *, by: str, now: datetime) -> None:
        """The state of the site does not change."""

    def denied(self, *, by: str, now: datetime) -> None:
        """The state of the site does not change."""

    def accept(self, prints: Collection[str], *, submission: int, by: str, now: datetime) -> None:
        standing.accept(self.run, prints, submission=submission, by=by, now=now)


class FileReport(Struct, frozen=True):
    version: AssetVersion
    label: ClassVar[str | Promise] = gettext_lazy("File")
    whole: ClassVar[bool] = True

    def wrong(self) -> str:
        return contested.appeal_obstacle(self.version)

    def blocking(self) -> Sequence[ContestedFinding]:
        return [
            ContestedFinding(
                code=finding["code"], where=finding["where"], evidence=(finding["what"],) if finding["what"] else (),
                fingerprint=fingerprint_of(finding),
            )
            for finding in contested.blocking_of(self.version)
        ]  # fmt: skip

    def sent(self, *, by: str, now: datetime) -> None:
        contested.record_appeal(self.version, actor=by, now=now)

    def denied(self, *, by: str, now: datetime) -> None:
        contested.record_denied_appeal(self.version, actor=by, now=now)

    def accept(self, prints: Collection[str], *, submission: int, by: str, now: datetime) -> None:
        contested.accept_appeal(self.version, prints, submission=submission, by=by, now=now)


def report_of(document: Appeal, seller: Seller) -> Report | None:
    """Return the report of an appeal in its current state; None if it does not exist any more."""
    if document.version:
        version = AssetVersion.objects.select_related("asset").filter(pk=document.version, asset__seller=seller).first()
        return FileReport(version) if version is not None else None
    run = WebScan.objects.filter(pk=document.scan, seller=seller).first()
    return WebSiteReport(run) if run is not None else None


def title_of_finding(document: Appeal, finding: ContestedFinding) -> str:
    """Return the title of a finding in the reader's language."""
    return scan_words.title_of(finding.code, "".join(finding.evidence)) if document.version else title_of(finding.code)
