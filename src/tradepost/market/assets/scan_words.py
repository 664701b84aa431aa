"""What a scan found, in words for sellers and operators: what it is, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from msgspec import Struct

from tradepost.market.base.findings import Finding

from .asset_models import AssetVersion
from .contested import accepted_of
from .scan_contract import Severity, print_of, read_report

RULE = "business-rules §2.7"
type Words = str | Promise

FINDINGS: Mapping[str, tuple[Words, Words]] = {
    "virus": (
        gettext_lazy("Malware was found: %(what)s"),
        gettext_lazy("Remove it, find out how it came into your build, and upload a clean file."),
    ),
    "file.format": (
        gettext_lazy("The file is of a format that is not taken here: %(what)s"),
        gettext_lazy("Upload one of the formats that stand beside the field."),
    ),
    "file.renamed": (
        gettext_lazy("The name ends as that of another format; the file is %(what)s"),
        gettext_lazy("Pack it anew instead of renaming it."),
    ),
    "file.executable": (
        gettext_lazy("A program among data: %(what)s"),
        gettext_lazy("Data files hold no programs. Sell software as a package."),
    ),
    "archive.path": (
        gettext_lazy("A file would be unpacked outside of its folder"),
        gettext_lazy("Pack it with relative paths and without “..”."),
    ),
    "archive.link": (
        gettext_lazy("A link leads out of the archive: %(what)s"),
        gettext_lazy("Replace it by the file, or let it lead to one inside."),
    ),
    "archive.device": (
        gettext_lazy("A device or a pipe is packed like a file"),
        gettext_lazy("Leave it out: it has no place in a package."),
    ),
    "archive.bomb": (
        gettext_lazy("It unpacks to more than a hundred times its size; the look ended there"),
        gettext_lazy("If that is right, tell the operator what it holds; else pack it anew."),
    ),
    "archive.deep": (
        gettext_lazy("Archives lie in archives more than three deep; these were not opened"),
        gettext_lazy("Pack it flatter."),
    ),
    "archive.encrypted": (
        gettext_lazy("It is encrypted, so nobody could look inside"),
        gettext_lazy("Pack it without a password."),
    ),
    "archive.method": (
        gettext_lazy("It is packed by a method that is not opened here"),
        gettext_lazy("Pack it as usual: deflate, or without compression."),
    ),
    "archive.broken": (
        gettext_lazy("The archive is damaged, or not what its name says; the rest was not looked at"),
        gettext_lazy("Test it with the program that you pack with, and upload it again."),
    ),
    "archive.header": (
        gettext_lazy("A list inside of the archive is larger than any real one"),
        gettext_lazy("Pack it anew with a common program."),
    ),
    "archive.many": (
        gettext_lazy("It holds more than 100,000 files; the others were not looked at"),
        gettext_lazy("Split it, or pack parts of it into archives of their own."),
    ),
    "archive.limit": (
        gettext_lazy("It unpacks to more than is looked at; the rest was not"),
        gettext_lazy("Split it into smaller packages."),
    ),
    "archive.time": (
        gettext_lazy("The look took too long and ended early"),
        gettext_lazy("Split it into smaller packages."),
    ),
    "archive.sealed": (
        gettext_lazy("An archive inside was not opened by the market's own look: %(what)s"),
        gettext_lazy("Nothing, unless the operator asks; ZIP and tar.gz are opened."),
    ),
    "secret.private_key": (
        gettext_lazy("A private key in plain text"),
        gettext_lazy("Remove it, and replace the key wherever it is used."),
    ),
    "secret.access_key": (
        gettext_lazy("An access key of a cloud in plain text"),
        gettext_lazy("Remove it, and revoke the key."),
    ),
    "secret.secret_key": (
        gettext_lazy("A secret key of a cloud in plain text"),
        gettext_lazy("Remove it, and revoke the key."),
    ),
}
"""Code → what it is, and what to do."""

WHY: Mapping[str, Words] = {
    "absent": gettext_lazy("this market has no malware scanner"),
    "away": gettext_lazy("the malware scanner did not answer"),
    "too_large": gettext_lazy("the file, or what is inside, is larger than the malware scanner looks at"),
    "disk": gettext_lazy("the systems on a disk are not opened here"),
    "format": gettext_lazy("the file is of another format than it should be"),
    "broke_down": gettext_lazy("the check broke off: a fault of this market"),
    "bomb": gettext_lazy("it unpacks to more than a hundred times its size"),
    "deep": gettext_lazy("archives lie in archives more than three deep"),
    "encrypted": gettext_lazy("a part of it is encrypted"),
    "method": gettext_lazy("a part of it is packed by a method that is not opened here"),
    "broken": gettext_lazy("a part of it is damaged"),
    "header": gettext_lazy("a list inside of the archive is larger than any real one"),
    "many": gettext_lazy("it holds too many files"),
    "limit": gettext_lazy("it unpacks to more than is looked at"),
    "time": gettext_lazy("the look took too long"),
}
"""Why something was not scanned."""

SEVERITIES: Mapping[str, tuple[Words, str]] = {
    Severity.HIGH: (pgettext_lazy("severity", "High"), "bad"),
    Severity.MEDIUM: (pgettext_lazy("severity", "Medium"), "warn"),
    Severity.LOW: (pgettext_lazy("severity", "Low"), "calm"),
}
"""Severity → its word and tone."""


class ShownFinding(Struct, frozen=True, kw_only=True):
    code: str
    words: str
    repair: str
    where: str
    severity: Words
    tone: str
    accepted: bool = False
    """Whether an operator took it for mistaken."""


def shown_findings(version: AssetVersion) -> list[ShownFinding]:
    accepted = accepted_of(version)
    return [_shown(finding, accepted=print_of(finding) in accepted) for finding in read_report(version.report).findings]


def title_of(code: str, what: str) -> str:
    words, _repair = FINDINGS.get(code, (code, ""))
    return str(words) % {"what": what}


def _shown(finding: Mapping[str, str], *, accepted: bool = False) -> ShownFinding:
    words, repair = FINDINGS.get(finding["code"], (finding["code"], ""))
    severity, tone = SEVERITIES.get(finding["severity"], (finding["severity"], "warn"))
    return ShownFinding(
        code=finding["code"], words=str(words) % {"what": finding["what"]}, repair=str(repair),
        where=finding["where"].replace("!", " › "), severity=severity, tone=tone, accepted=accepted,
    )  # fmt: skip


def why_not(version: AssetVersion) -> str:
    """Why it was not scanned; empty when it was."""
    why = read_report(version.report).why
    return str(WHY.get(why, why))


def refusals(version: AssetVersion) -> Iterable[Finding]:
    """What refused a file, as findings of its submission."""
    high = [finding for finding in read_report(version.report).findings if finding["severity"] == Severity.HIGH]
    for finding in high[:20]:
        shown = _shown(finding)
        where = f" ({shown.where})" if shown.where else ""
        yield Finding(section="scan", field="file", code=shown.code, words=f"{shown.words}{where}", rule=RULE)
    if not high:
        words = _("The check broke off: a fault of this market. Upload the file again.")
        yield Finding(section="scan", field="file", code="broke_down", words=words, rule=RULE)


def facts_of(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """Figures of a report for pages."""
    read = read_report(report)
    return {"by": read.by, "files": read.files, "unpacked": read.unpacked, "omitted": read.omitted}
