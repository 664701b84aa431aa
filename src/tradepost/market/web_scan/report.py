"""The report of a run: findings by severity in the reader's language, and what was not tested."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.utils.translation import get_language
from msgspec import Struct

from tradepost.protocols.text import Text

from .contract import REASON_TEXTS, UNCOVERED_TOPICS, Fault, Severity, UntestedReason
from .models import WebFinding, WebScan
from .registry import all_checks, faults
from .standing import accepted_fingerprints

SEVERITY_ORDER = (Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO)
_UNKNOWN_FAULT = Text(en="A fault that this release does not know", zh="当前版本未收录的问题")


class ShownFinding(Struct, frozen=True, kw_only=True):
    """A finding with its texts. ``accepted``: whether an operator declared it a false positive."""

    finding: WebFinding
    title: str
    topic: str
    why: str
    repair: str
    accepted: bool

    @property
    def blocks(self) -> bool:
        return self.finding.severity == Severity.HIGH and not self.accepted


class Untested(Struct, frozen=True, kw_only=True):
    title: str
    why: str
    detail: str = ""


class Report(Struct, frozen=True, kw_only=True):
    findings: Sequence[ShownFinding]
    not_tested: Sequence[Untested]
    never_tested: Sequence[str]
    passed: Sequence[str]
    """Checks that ran completely without a finding."""
    counts: Sequence[tuple[str, int]]

    @property
    def blocking(self) -> int:
        return sum(finding.blocks for finding in self.findings)


def report_of(run: WebScan) -> Report:
    """Return the report in the active language."""
    stored_findings = sorted(
        WebFinding.objects.filter(scan=run), key=lambda item: (SEVERITY_ORDER.index(Severity(item.severity)), item.pk)
    )
    accepted_prints = accepted_fingerprints(run, stored_findings)
    findings = [shown_finding(item, accepted_prints) for item in stored_findings]
    untested_checks = [_untested(item) for item in run.not_tested]
    not_passed = {item["check"] for item in run.not_tested} | {item.code.partition(".")[0] for item in stored_findings}
    return Report(
        findings=findings,
        not_tested=untested_checks,
        never_tested=[_localised(topic) for topic in UNCOVERED_TOPICS],
        passed=[
            _localised(check.title)
            for check in all_checks()
            if check.code not in not_passed and run.status == WebScan.Status.DONE
        ],
        counts=[(level.value, sum(item.severity == level for item in stored_findings)) for level in SEVERITY_ORDER],
    )


def shown_finding(finding: WebFinding, accepted: Collection[str] = ()) -> ShownFinding:
    fault: Fault | None = faults().get(finding.code)
    return ShownFinding(
        finding=finding,
        title=_localised(fault.title if fault else _UNKNOWN_FAULT),
        topic=_localised(fault.topic) if fault else "",
        why=_localised(fault.why) if fault else "",
        repair=_localised(fault.repair) if fault else "",
        accepted=finding.fingerprint in accepted,
    )


def title_of(code: str) -> str:
    """Return the title of a fault or check."""
    fault = faults().get(code)
    if fault is not None:
        return _localised(fault.title)
    return next((_localised(check.title) for check in all_checks() if check.code == code), code)


def _untested(entry: dict[str, str]) -> Untested:
    reason = REASON_TEXTS[UntestedReason(entry["why"])] if entry["why"] in UntestedReason else Text.same(entry["why"])
    return Untested(title=title_of(entry["check"]), why=_localised(reason), detail=entry.get("detail", ""))


def _localised(text: Text) -> str:
    return text.in_language(get_language())
