"""Findings that refuse a file, and what becomes of them when a seller appeals (business-rules §2.7).

Accepted is one finding of one very file: whoever uploads another one has it scanned and judged anew. What a scanner named is
never called clean by that; the file goes to an operator, who answers for it by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from tradepost.market.base import outbox

from .asset_models import AssetVersion, FalsePositive
from .events import AssetChecked
from .scan_contract import Severity, passes, print_of, read_report
from .versions import ASSET_VERSION, VersionEvent, is_taken

type Finding = Mapping[str, str]


def accepted_of(version: AssetVersion) -> frozenset[str]:
    """Prints of findings that were taken for mistaken in this file, under whatever name its seller uploads it."""
    known = FalsePositive.objects.filter(seller=version.asset.seller_id, sha256=version.sha256)
    return frozenset(known.values_list("fingerprint", flat=True)) if version.sha256 else frozenset()


def blocking_of(version: AssetVersion) -> list[Finding]:
    """Its high findings, without those that were taken for mistaken; each once."""
    accepted = accepted_of(version)
    high = {print_of(one): one for one in read_report(version.report).findings if one["severity"] == Severity.HIGH}
    return [one for known, one in high.items() if known not in accepted]


def blocks(version: AssetVersion) -> bool:
    """Whether what was found refuses the file."""
    return not passes(read_report(version.report), accepted_of(version))


def against_appeal(version: AssetVersion) -> str:
    """Why nobody can appeal about this version; empty when one can."""
    if version.status != AssetVersion.Status.FAILED or not blocking_of(version):
        return _("No finding refuses this file now.")
    if version.file_gone:
        return _("The file was deleted after its time. Upload it again, and appeal then.")
    if read_report(version.report).omitted:
        return _("The report does not list every finding. Mend those that it lists, and upload the file again.")
    own = {version.pk, version.updates_id or version.pk}
    if is_taken(version.asset, version.label, beside=own):
        return _("There is another version %(label)s by now.") % {"label": version.label}
    return ""


def appealed(version: AssetVersion, *, actor: str, now: datetime) -> None:
    """The seller appealed: its label stays its own, and its file is kept."""
    ASSET_VERSION.move(version, VersionEvent.APPEAL, now=now, actor=actor)


def denied(version: AssetVersion, *, actor: str, now: datetime) -> None:
    """The appeal was rejected or withdrawn: the file is refused as before. Repeating it changes nothing."""
    if version.status == AssetVersion.Status.APPEALED:
        ASSET_VERSION.move(version, VersionEvent.DENY, now=now, actor=actor)


def accept(version: AssetVersion, prints: Collection[str], *, submission: int, by: str, now: datetime) -> None:
    """These findings refuse this file no more; with none left, an operator decides about the file itself."""
    found = {print_of(one): one for one in blocking_of(version)}
    FalsePositive.objects.bulk_create(
        FalsePositive(
            seller_id=version.asset.seller_id, sha256=version.sha256, code=found[known]["code"], fingerprint=known,
            submission=submission, by=by, accepted_at=now,
        )
        for known in prints
        if known in found
    )  # fmt: skip
    if blocks(version):
        denied(version, actor=by, now=now)
        return
    ASSET_VERSION.move(version, VersionEvent.ACCEPT, now=now, actor=by)
    outbox.publish(AssetChecked(version=version.pk, passed=True), now=now)
