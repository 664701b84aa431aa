"""Findings that refuse a file, and appeals against them (business-rules §2.7).

An accepted appeal covers one finding of one file; another file is scanned and judged separately. The file is then not
declared clean: an operator decides and is recorded by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from tradepost.market.base import outbox

from .asset_models import AssetVersion, FalsePositive
from .events import AssetChecked
from .scan_contract import Severity, fingerprint_of, passes, read_report
from .versions import ASSET_VERSION, VersionEvent, is_taken

type Finding = Mapping[str, str]


def accepted_of(version: AssetVersion) -> frozenset[str]:
    """Return the fingerprints of findings declared false positives in this file, regardless of its name."""
    false_positives = FalsePositive.objects.filter(seller=version.asset.seller_id, sha256=version.sha256)
    return frozenset(false_positives.values_list("fingerprint", flat=True)) if version.sha256 else frozenset()


def blocking_of(version: AssetVersion) -> list[Finding]:
    """Return its distinct high findings, except false positives."""
    accepted_prints = accepted_of(version)
    by_print = {
        fingerprint_of(finding): finding
        for finding in read_report(version.report).findings
        if finding["severity"] == Severity.HIGH
    }
    return [finding for finding_print, finding in by_print.items() if finding_print not in accepted_prints]


def is_blocked(version: AssetVersion) -> bool:
    """Return whether the findings refuse the file."""
    return not passes(read_report(version.report), accepted_of(version))


def appeal_obstacle(version: AssetVersion) -> str:
    """Return why no appeal is possible; empty if one is."""
    if version.status != AssetVersion.Status.FAILED or not blocking_of(version):
        return _("No finding blocks this file now.")
    if version.file_gone:
        return _("The file was deleted after its retention period. Upload it again, then appeal.")
    if read_report(version.report).omitted:
        return _("The report does not list every finding. Fix the listed findings and upload the file again.")
    own_versions = {version.pk, version.updates_id or version.pk}
    if is_taken(version.asset, version.label, beside=own_versions):
        return _("Another file now uses the version %(label)s.") % {"label": version.label}
    return ""


def record_appeal(version: AssetVersion, *, actor: str, now: datetime) -> None:
    """Record the appeal: the version keeps its label and its file."""
    ASSET_VERSION.move(version, VersionEvent.APPEAL, now=now, actor=actor)


def record_denied_appeal(version: AssetVersion, *, actor: str, now: datetime) -> None:
    """Record that the appeal was rejected or withdrawn: the file stays refused. Repeating it has no effect."""
    if version.status == AssetVersion.Status.APPEALED:
        ASSET_VERSION.move(version, VersionEvent.DENY, now=now, actor=actor)


def accept_appeal(version: AssetVersion, prints: Collection[str], *, submission: int, by: str, now: datetime) -> None:
    """Accept the appeal for these findings. If none remains, an operator decides on the file itself."""
    by_print = {fingerprint_of(finding): finding for finding in blocking_of(version)}
    FalsePositive.objects.bulk_create(
        FalsePositive(
            seller_id=version.asset.seller_id, sha256=version.sha256, code=by_print[finding_print]["code"], fingerprint=finding_print,
            submission=submission, by=by, accepted_at=now,
        )
        for finding_print in prints
        if finding_print in by_print
    )  # fmt: skip
    if is_blocked(version):
        record_denied_appeal(version, actor=by, now=now)
        return
    ASSET_VERSION.move(version, VersionEvent.ACCEPT, now=now, actor=by)
    outbox.publish(AssetChecked(version=version.pk, passed=True), now=now)
