"""What a scanner provides, and what is made of what all of them say. A package under ``scanners/`` with a ``SCANNER`` is one;
adding one edits no other file.

A verdict never guesses: what a scanner did not see, or not whole, is *not scanned*, and that is never taken for clean
(business-rules §2.7, shelf §4). Infected wins over everything.
"""

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
FINDINGS_MOST = 100
"""Kept of one file; of more only their number is."""


class Severity(StrEnum):
    HIGH = "high"
    """One is enough: the file is not taken (§2.7)."""
    MEDIUM = "medium"
    """An operator looks at it."""
    LOW = "low"


class ScanFinding(Struct, frozen=True, kw_only=True):
    """``code`` has its words in ``scan_words``; ``where``: the path inside of the file, from archive to archive; ``what``: a
    name that belongs into the words, as that of a virus."""

    code: str
    severity: Severity
    where: str = ""
    what: str = ""


class Inside(Struct, frozen=True, kw_only=True):
    """What a look into the file itself found (``inside``). ``whole``: whether nothing was left out; ``why``: the code of the
    reason, if something was. ``largest`` and ``unpacked`` in bytes."""

    findings: tuple[ScanFinding, ...] = ()
    files: int = 0
    largest: int = 0
    unpacked: int = 0
    whole: bool = True
    why: str = ""
    omitted: int = 0


class Subject(Struct, frozen=True, kw_only=True):
    """A file that is to be scanned, and what is known of it already. ``go_on`` raises when the work is to end."""

    path: Path
    bytes: int
    inside: Inside
    settings: Config
    go_on: Callable[[], None]
    seconds: float
    """For the whole scan."""


class Said(Struct, frozen=True, kw_only=True):
    """``why``: the code of the reason for *not scanned*; ``by``: the scanner with its version, as evidence."""

    verdict: Verdict
    why: str = ""
    by: str = ""
    findings: tuple[ScanFinding, ...] = ()


class Scanner(Protocol):
    """``scan`` never raises for what a scanner or a network does: that is *not scanned*, with its reason."""

    name: str

    def scan(self, subject: Subject) -> Said: ...


class Report(Struct, frozen=True, kw_only=True):
    """As it is stored beside a version."""

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


def judge(inside: Inside, said: Mapping[str, Said]) -> Report:
    """One verdict of what all scanners say. Pure."""
    verdict, why = _verdict(inside, list(said.values()))
    findings = [*(finding for one in said.values() for finding in one.findings), *inside.findings]
    return Report(
        verdict=verdict, why=why, by=tuple(one.by for one in said.values() if one.by),
        findings=tuple(as_dict(finding) for finding in findings[:FINDINGS_MOST]),
        omitted=inside.omitted + max(0, len(findings) - FINDINGS_MOST), files=inside.files, unpacked=inside.unpacked,
        stated={name: one.verdict for name, one in said.items()},
    )  # fmt: skip


def _verdict(inside: Inside, said: list[Said]) -> tuple[Verdict, str]:
    if any(one.verdict == Verdict.INFECTED for one in said):
        return Verdict.INFECTED, ""
    left_out = [one.why for one in said if one.verdict != Verdict.CLEAN]
    if not said or left_out:
        return Verdict.NOT_SCANNED, left_out[0] if left_out else "absent"
    return (Verdict.CLEAN, "") if inside.whole else (Verdict.NOT_SCANNED, inside.why)


def read_report(stored: Mapping[str, Any]) -> Report:
    """A stored one again; what a later release wrote into it is left out."""
    known = {name: stored[name] for name in members(Report) if name in stored}
    return Report(**({"verdict": ""} | known))


def passes(report: Report, accepted: Collection[str] = ()) -> bool:
    """Whether an operator is asked at all: neither infected nor a high finding (§2.7: "any malware"). ``accepted``: prints of
    findings that were taken for mistaken; they say nothing of what a report left out, nor of a verdict without a finding."""
    high = [print_of(finding) for finding in report.findings if finding["severity"] == Severity.HIGH]
    if not accepted:
        return report.verdict != Verdict.INFECTED and not high
    infected_alone = report.verdict == Verdict.INFECTED and not high
    return set(high) <= set(accepted) and not infected_alone and not report.omitted


def print_of(finding: Mapping[str, str]) -> str:
    """What a finding is known by: the same in each scan of the same file."""
    return fingerprint(finding["code"], finding["where"], [finding["what"]])
