"""The interface of scanners, and the judgement of their results. A scanner is a package under ``scanners/`` with a
``SCANNER``; adding one edits no other file.

A verdict is never guessed: a file that a scanner did not scan completely is *not scanned*, and never counts as clean
(business-rules §2.7, shelf §4). Infected takes precedence over everything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from tradepost.market.base.findings import fingerprint
from tradepost.market.base.values import as_dict, members

from .asset_models import AssetVersion

if TYPE_CHECKING:
    from tradepost.market.base.config import Config

Verdict = AssetVersion.Verdict
MAX_FINDINGS = 100
"""Maximum findings stored per file; others are only counted."""


class Severity(StrEnum):
    HIGH = "high"
    """A single one refuses the file (§2.7)."""
    MEDIUM = "medium"
    """An operator reviews it."""
    LOW = "low"


class ScanFinding(Struct, frozen=True, kw_only=True):
    """``code``: key of the message in ``scan_words``. ``where``: the path in the file, through nested archives.
    ``what``: a name in the message, such as that of a virus."""

    code: str
    severity: Severity
    where: str = ""
    what: str = ""


class ContentReport(Struct, frozen=True, kw_only=True):
    """The result of inspecting the file itself (``inside``). ``whole``: nothing was skipped; ``why``: otherwise the
    code of the reason. ``largest`` and ``unpacked`` in bytes."""

    findings: tuple[ScanFinding, ...] = ()
    files: int = 0
    largest: int = 0
    unpacked: int = 0
    whole: bool = True
    why: str = ""
    omitted: int = 0


class Subject(Struct, frozen=True, kw_only=True):
    """A file to be scanned, with its inspection. ``go_on`` raises if the job must stop."""

    path: Path
    bytes: int
    inside: ContentReport
    settings: Config
    go_on: Callable[[], None]
    seconds: float
    """Time limit of the whole scan."""


class ScanResult(Struct, frozen=True, kw_only=True):
    """A scanner's result. ``why``: the code of the reason for *not scanned*; ``by``: the scanner with its version, as
    evidence."""

    verdict: Verdict
    why: str = ""
    by: str = ""
    findings: tuple[ScanFinding, ...] = ()


class Scanner(Protocol):
    """``scan`` never raises for failures of a scanner or network: the result is *not scanned* with the reason."""

    name: str

    def scan(self, subject: Subject) -> ScanResult: ...


class Report(Struct, frozen=True, kw_only=True):
    """The report stored with a version."""

    verdict: str
    why: str = ""
    by: tuple[str, ...] = ()
    findings: tuple[Mapping[str, str], ...] = ()
    omitted: int = 0
    files: int = 0
    unpacked: int = 0
    stated: Mapping[str, str] = field(default_factory=dict)
    """Scanner → its own verdict."""

    def stored(self) -> dict[str, Any]:
        return as_dict(self)


def judge(inside: ContentReport, results: Mapping[str, ScanResult]) -> Report:
    """Combine the results of all scanners into one verdict. Pure."""
    verdict, reason = _verdict(inside, list(results.values()))
    findings = [*(finding for result in results.values() for finding in result.findings), *inside.findings]
    return Report(
        verdict=verdict, why=reason, by=tuple(result.by for result in results.values() if result.by),
        findings=tuple(as_dict(finding) for finding in findings[:MAX_FINDINGS]),
        omitted=inside.omitted + max(0, len(findings) - MAX_FINDINGS), files=inside.files, unpacked=inside.unpacked,
        stated={name: result.verdict for name, result in results.items()},
    )  # fmt: skip


def _verdict(inside: ContentReport, results: list[ScanResult]) -> tuple[Verdict, str]:
    if any(result.verdict == Verdict.INFECTED for result in results):
        return Verdict.INFECTED, ""
    reasons = [result.why for result in results if result.verdict != Verdict.CLEAN]
    if not results or reasons:
        return Verdict.NOT_SCANNED, reasons[0] if reasons else "absent"
    return (Verdict.CLEAN, "") if inside.whole else (Verdict.NOT_SCANNED, inside.why)


def read_report(stored: Mapping[str, Any]) -> Report:
    """Load a stored report; ignores fields of later releases."""
    values = {name: stored[name] for name in members(Report) if name in stored}
    return Report(**({"verdict": ""} | values))


def passes(report: Report, accepted: Collection[str] = ()) -> bool:
    """Return whether the file goes to an operator: neither infected nor with a high finding (§2.7: "any malware").

    ``accepted``: fingerprints of false positives; they do not cover omitted findings, nor a verdict without a
    finding."""
    high_prints = [fingerprint_of(finding) for finding in report.findings if finding["severity"] == Severity.HIGH]
    if not accepted:
        return report.verdict != Verdict.INFECTED and not high_prints
    infected_without_finding = report.verdict == Verdict.INFECTED and not high_prints
    return set(high_prints) <= set(accepted) and not infected_without_finding and not report.omitted


def fingerprint_of(finding: Mapping[str, str]) -> str:
    """Return the fingerprint of a finding: equal in each scan of the same file."""
    return fingerprint(finding["code"], finding["where"], [finding["what"]])
