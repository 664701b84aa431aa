"""A file of the asset center is handed in: it is looked at by scanners first, then by an operator (business-rules §2.4, §2.6, §2.7).

What was not scanned is never taken for clean: an operator has it checked otherwise and answers for it by name.
"""

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
from tradepost.market.review.contract import Case, Defaults, Fact, Item, Look, Section, Words
from tradepost.market.review.models import Submission

RULE = "business-rules §2.6"
SCAN_RULE = "business-rules §2.7"


@stored.version(1)
class AssetFile(Struct, frozen=True, kw_only=True):
    """``version``: its key; the rest as it was when it was handed in."""

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
        """It was looked at already, and whoever hands it in says at once what came of that."""
        return True

    def checklist(self, case: Case[AssetFile]) -> Sequence[Item]:
        version = _version(case.document)
        said = gettext_lazy("The file is what its name and its notes say, and of this company's own making.")
        items = [Item(code="content", words=said, rule=RULE)]
        if version.verdict == AssetVersion.Verdict.INFECTED:
            words = gettext_lazy(
                "A scanner named malware and looked no further; that was taken for mistaken. I had the whole file checked "
                "otherwise and answer for it."
            )
            items.append(Item(code="infected", words=words, rule=SCAN_RULE))
        elif version.verdict != AssetVersion.Verdict.CLEAN:
            words = gettext_lazy("It was not scanned, because {why}. I had it checked otherwise and answer for it.")
            items.append(
                Item(code="not_scanned", words=format_lazy(words, why=scan_words.why_not(version)), rule=SCAN_RULE)
            )
        if version.report.get("findings"):
            items.append(
                Item(
                    code="findings", words=gettext_lazy("Each finding was looked at and does no harm."), rule=SCAN_RULE
                )
            )
        return items

    def approve(self, case: Case[AssetFile], *, by: str) -> None:
        version = _version(case.document)
        if version.file_gone:
            raise Refused("asset.gone", _("The file is not there any more: the seller must upload it again."))
        operator = User.objects.filter(email=by).first()
        versions.approve(version, by=operator, actor=by, now=case.now)

    def ended(self, case: Case[AssetFile]) -> None:
        withdrawn = case.stored.status == Submission.Status.WITHDRAWN
        event = VersionEvent.WITHDRAW if withdrawn else VersionEvent.REJECT
        versions.end(_version(case.document), event, actor="review", now=case.now)

    def facts(self, document: AssetFile) -> Sequence[Fact]:
        version = _version(document)
        kinds: dict[str, Words] = dict(Asset.KINDS)
        mistaken = f" · {_('taken for mistaken')}"
        findings = [
            f"{one.severity} · {one.words}{f' · {one.where}' if one.where else ''}{mistaken if one.accepted else ''}"
            for one in scan_words.shown_findings(version)
        ]
        verdict = f"{version.get_verdict_display()}"
        if why := scan_words.why_not(version):
            verdict = _("%(verdict)s: %(why)s") % {"verdict": verdict, "why": why}
        said: list[tuple[str, str, Words, Words, Look]] = [
            ("file", "asset", _("Asset"), document.asset, Look.TEXT),
            ("file", "kind", _("Kind of asset"), kinds.get(document.kind, document.kind), Look.TEXT),
            ("file", "label", _("Version"), document.label, Look.TEXT),
            ("file", "updates", _("Takes the place of"), document.updates, Look.TEXT),
            ("file", "notes", _("Notes"), document.notes, Look.LONG),
            ("file", "file_name", _("File name"), document.file_name, Look.TEXT),
            ("file", "bytes", _("Bytes"), f"{document.bytes:,}", Look.TEXT),
            ("file", "sha256", "SHA-256", document.sha256, Look.TEXT),
            ("scan", "verdict", _("Verdict"), verdict, Look.TEXT),
            ("scan", "by", _("Scanned by"), ", ".join(version.report.get("by", ())), Look.TEXT),
            ("scan", "findings", _("Findings"), "\n".join(findings), Look.LONG),
        ]
        return [
            Fact(section=section, field=field, label=label, value=value, look=look)
            for section, field, label, value, look in said
            if value
        ]


def _version(document: AssetFile) -> AssetVersion:
    return AssetVersion.objects.select_related("asset", "updates").get(pk=document.version)


KIND = AssetReview()
