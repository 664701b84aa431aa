"""Submission of a file of the asset center: scanners check it first, then an operator (business-rules §2.4, §2.6,
§2.7).

A file that was not scanned never counts as clean: an operator has it checked by other means and approves it by
name."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.assets import scan_words, versions
from tradepost.market.assets.asset_models import Asset, AssetVersion
from tradepost.market.assets.versions import VersionEvent
from tradepost.market.base import stored
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.review.contract import Case, Defaults, Fact, InputKind, Item, Section, TranslatedText
from tradepost.market.review.models import Submission

RULE = "business-rules §2.6"
SCAN_RULE = "business-rules §2.7"


@stored.version(1)
class AssetFile(Struct, frozen=True, kw_only=True):
    """``version``: its key; the other fields as they were at the submission."""

    version: int = 0
    asset: str = ""
    kind: str = ""
    label: str = ""
    updates: str = ""
    notes: str = ""
    file_name: str = ""
    bytes: int = 0
    sha256: str = ""


def about(version: AssetVersion) -> str:
    return f"asset:{version.pk}"


def document_of(version: AssetVersion) -> AssetFile:
    return AssetFile(
        version=version.pk, asset=version.asset.name, kind=version.asset.kind, label=version.label,
        updates=version.updates.file_name if version.updates else "", notes=version.notes, file_name=version.file_name,
        bytes=version.bytes, sha256=version.sha256,
    )  # fmt: skip


class AssetReview(Defaults[AssetFile]):
    name = "asset"
    title = gettext_lazy("A file of the asset center")
    document = AssetFile
    sections = (
        Section(code="file", title=gettext_lazy("File")),
        Section(code="scan", title=gettext_lazy("Scan")),
    )

    def blank(self, seller: Seller, *, product: Product | None) -> AssetFile:
        return AssetFile()

    def self_check(self, case: Case[AssetFile]) -> Sequence[Finding]:
        return ()

    def begin_checking(self, case: Case[AssetFile]) -> bool:
        """The scan is complete already, and the caller reports its result immediately."""
        return True

    def checklist(self, case: Case[AssetFile]) -> Sequence[Item]:
        version = _version(case.document)
        content_item = gettext_lazy("The file matches its name and notes, and belongs to this company.")
        items = [Item(code="content", words=content_item, rule=RULE)]
        if version.verdict == AssetVersion.Verdict.INFECTED:
            message = gettext_lazy(
                "A scanner reported malware and stopped, and this finding was accepted as a false positive. I "
                "had the whole file checked by other means and take responsibility for it."
            )
            items.append(Item(code="infected", words=message, rule=SCAN_RULE))
        elif version.verdict != AssetVersion.Verdict.CLEAN:
            message = gettext_lazy(
                "The file was not scanned because {why}. I had it checked by other means and take responsibility for "
                "it."
            )
            items.append(
                Item(
                    code="not_scanned",
                    words=format_lazy(message, why=scan_words.not_scanned_reason(version)),
                    rule=SCAN_RULE,
                )
            )
        if version.report.get("findings"):
            items.append(
                Item(code="findings", words=gettext_lazy("Each finding was checked and is harmless."), rule=SCAN_RULE)
            )
        return items

    def approve(self, case: Case[AssetFile], *, by: str) -> None:
        version = _version(case.document)
        if version.file_gone:
            raise Refused("asset.gone", _("The file no longer exists. The seller must upload it again."))
        operator = User.objects.filter(email=by).first()
        versions.approve(version, by=operator, actor=by, now=case.now)

    def ended(self, case: Case[AssetFile]) -> None:
        withdrawn = case.stored.status == Submission.Status.WITHDRAWN
        event = VersionEvent.WITHDRAW if withdrawn else VersionEvent.REJECT
        versions.end_version(_version(case.document), event, actor="review", now=case.now)

    def facts(self, document: AssetFile) -> Sequence[Fact]:
        version = _version(document)
        kinds: dict[str, TranslatedText] = dict(Asset.KINDS)
        accepted_suffix = f" · {_('accepted as a false positive')}"
        findings = [
            f"{finding.severity} · {finding.words}{f' · {finding.where}' if finding.where else ''}{accepted_suffix if finding.accepted else ''}"
            for finding in scan_words.shown_findings(version)
        ]
        verdict = f"{version.get_verdict_display()}"
        if reason := scan_words.not_scanned_reason(version):
            verdict = _("%(verdict)s: %(why)s") % {"verdict": verdict, "why": reason}
        values: list[tuple[str, str, TranslatedText, TranslatedText, InputKind]] = [
            ("file", "asset", _("Asset"), document.asset, InputKind.TEXT),
            ("file", "kind", _("Kind of asset"), kinds.get(document.kind, document.kind), InputKind.TEXT),
            ("file", "label", _("Version"), document.label, InputKind.TEXT),
            ("file", "updates", _("Replaces"), document.updates, InputKind.TEXT),
            ("file", "notes", _("Notes"), document.notes, InputKind.LONG),
            ("file", "file_name", _("File name"), document.file_name, InputKind.TEXT),
            ("file", "bytes", _("Bytes"), f"{document.bytes:,}", InputKind.TEXT),
            ("file", "sha256", "SHA-256", document.sha256, InputKind.TEXT),
            ("scan", "verdict", _("Verdict"), verdict, InputKind.TEXT),
            ("scan", "by", _("Scanned by"), ", ".join(version.report.get("by", ())), InputKind.TEXT),
            ("scan", "findings", _("Findings"), "\n".join(findings), InputKind.LONG),
        ]
        return [
            Fact(section=section, field=field, label=label, value=value, look=look)
            for section, field, label, value, look in values
            if value
        ]


def _version(document: AssetFile) -> AssetVersion:
    return AssetVersion.objects.select_related("asset", "updates").get(pk=document.version)


KIND = AssetReview()
