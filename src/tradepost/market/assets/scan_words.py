"""Texts of scan findings for sellers and operators: the problem, and the remedy."""

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
from .scan_contract import Severity, fingerprint_of, read_report

RULE = "business-rules §2.7"
type Words = str | Promise

FINDINGS: Mapping[str, tuple[Words, Words]] = {
    "virus": (
        gettext_lazy("Malware was found: %(what)s"),
        gettext_lazy("Remove it, find out how it came into your build, and upload a clean file."),
    ),
    "file.format": (
        gettext_lazy("The file format is not supported: %(what)s"),
        gettext_lazy("Upload a file in one of the formats listed beside the field."),
    ),
    "file.renamed": (
        gettext_lazy("The file extension does not match the content. The file is %(what)s"),
        gettext_lazy("Pack the file again instead of renaming it."),
    ),
    "file.executable": (
        gettext_lazy("The data contains a program: %(what)s"),
        gettext_lazy("Data files must not contain programs. Sell software as a software package."),
    ),
    "archive.path": (
        gettext_lazy("A file would be unpacked outside of its folder"),
        gettext_lazy("Pack it with relative paths and without “..”."),
    ),
    "archive.link": (
        gettext_lazy("A link points outside the archive: %(what)s"),
        gettext_lazy("Replace the link with the file, or point it to a file inside the archive."),
    ),
    "archive.device": (
        gettext_lazy("The archive contains a device file or a pipe"),
        gettext_lazy("Remove it. Packages must not contain such files."),
    ),
    "archive.bomb": (
        gettext_lazy("It unpacks to more than 100 times its size, so the check stopped"),
        gettext_lazy("If this is correct, tell the operator what the file contains. Otherwise, pack it again."),
    ),
    "archive.deep": (
        gettext_lazy("Archives are nested more than three levels deep; the deeper ones were not opened"),
        gettext_lazy("Reduce the nesting."),
    ),
    "archive.encrypted": (
        gettext_lazy("It is encrypted and cannot be inspected"),
        gettext_lazy("Pack it without a password."),
    ),
    "archive.method": (
        gettext_lazy("It uses an unsupported compression method"),
        gettext_lazy("Use deflate or no compression."),
    ),
    "archive.broken": (
        gettext_lazy("The archive is damaged or does not match its name; the rest was not checked"),
        gettext_lazy("Test it with your archive tool, then upload it again."),
    ),
    "archive.header": (
        gettext_lazy("The file list of the archive is abnormally large"),
        gettext_lazy("Pack it again with a common tool."),
    ),
    "archive.many": (
        gettext_lazy("It contains more than 100,000 files; the others were not checked"),
        gettext_lazy("Split it, or pack parts of it into separate archives."),
    ),
    "archive.limit": (
        gettext_lazy("Its unpacked size exceeds the check limit; the rest was not checked"),
        gettext_lazy("Split it into smaller packages."),
    ),
    "archive.time": (
        gettext_lazy("The check took too long and ended early"),
        gettext_lazy("Split it into smaller packages."),
    ),
    "archive.sealed": (
        gettext_lazy("The market's own check could not open a nested archive: %(what)s"),
        gettext_lazy("No action needed unless the operator asks. ZIP and tar.gz archives can be opened."),
    ),
    "secret.private_key": (
        gettext_lazy("A private key in plain text"),
        gettext_lazy("Remove it, and replace the key everywhere it is used."),
    ),
    "secret.access_key": (
        gettext_lazy("A cloud access key in plain text"),
        gettext_lazy("Remove it, and revoke the key."),
    ),
    "secret.secret_key": (
        gettext_lazy("A cloud secret key in plain text"),
        gettext_lazy("Remove it, and revoke the key."),
    ),
}
"""Code → problem and remedy."""

REASONS: Mapping[str, Words] = {
    "absent": gettext_lazy("this market has no malware scanner"),
    "away": gettext_lazy("the malware scanner did not answer"),
    "too_large": gettext_lazy("the file or its contents exceed the size limit of the malware scanner"),
    "disk": gettext_lazy("the check does not open the systems on a disk"),
    "format": gettext_lazy("the file has the wrong format"),
    "broke_down": gettext_lazy("the check was interrupted by an error of this market"),
    "bomb": gettext_lazy("it unpacks to more than a hundred times its size"),
    "deep": gettext_lazy("archives are nested more than three levels deep"),
    "encrypted": gettext_lazy("a part of it is encrypted"),
    "method": gettext_lazy("a part of it uses an unsupported compression method"),
    "broken": gettext_lazy("a part of it is damaged"),
    "header": gettext_lazy("the file list of the archive is abnormally large"),
    "many": gettext_lazy("it contains too many files"),
    "limit": gettext_lazy("its unpacked size exceeds the check limit"),
    "time": gettext_lazy("the check took too long"),
}
"""Reasons for not scanning."""

SEVERITIES: Mapping[str, tuple[Words, str]] = {
    Severity.HIGH: (pgettext_lazy("severity", "High"), "bad"),
    Severity.MEDIUM: (pgettext_lazy("severity", "Medium"), "warn"),
    Severity.LOW: (pgettext_lazy("severity", "Low"), "calm"),
}
"""Severity → its label and tone."""


class ShownFinding(Struct, frozen=True, kw_only=True):
    code: str
    words: str
    repair: str
    where: str
    severity: Words
    tone: str
    accepted: bool = False
    """Whether an operator declared it a false positive."""


def shown_findings(version: AssetVersion) -> list[ShownFinding]:
    accepted_prints = accepted_of(version)
    return [
        _shown_finding(finding, accepted=fingerprint_of(finding) in accepted_prints)
        for finding in read_report(version.report).findings
    ]


def title_of(code: str, what: str) -> str:
    problem, _repair = FINDINGS.get(code, (code, ""))
    return str(problem) % {"what": what}


def _shown_finding(finding: Mapping[str, str], *, accepted: bool = False) -> ShownFinding:
    words, repair = FINDINGS.get(finding["code"], (finding["code"], ""))
    severity, tone = SEVERITIES.get(finding["severity"], (finding["severity"], "warn"))
    return ShownFinding(
        code=finding["code"], words=str(words) % {"what": finding["what"]}, repair=str(repair),
        where=finding["where"].replace("!", " › "), severity=severity, tone=tone, accepted=accepted,
    )  # fmt: skip


def not_scanned_reason(version: AssetVersion) -> str:
    """Return why the file was not scanned; empty if it was."""
    reason = read_report(version.report).why
    return str(REASONS.get(reason, reason))


def refusals(version: AssetVersion) -> Iterable[Finding]:
    """Yield what refused a file, as findings of its submission."""
    high_findings = [
        finding for finding in read_report(version.report).findings if finding["severity"] == Severity.HIGH
    ]
    for finding in high_findings[:20]:
        described_finding = _shown_finding(finding)
        location = f" ({described_finding.where})" if described_finding.where else ""
        yield Finding(
            section="scan",
            field="file",
            code=described_finding.code,
            words=f"{described_finding.words}{location}",
            rule=RULE,
        )
    if not high_findings:
        message = _("The check was interrupted by an error of this market. Upload the file again.")
        yield Finding(section="scan", field="file", code="broke_down", words=message, rule=RULE)


def facts_of(report: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the figures of a report for pages."""
    parsed_report = read_report(report)
    return {
        "by": parsed_report.by,
        "files": parsed_report.files,
        "unpacked": parsed_report.unpacked,
        "omitted": parsed_report.omitted,
    }
