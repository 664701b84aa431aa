"""A run as people read it: what was found by severity, in the reader's language, and plainly what was not tested."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.utils.translation import get_language
from msgspec import Struct

from tradepost.protocols.text import Text

from .contract import NEVER_TESTED, WHY_WORDS, Fault, Severity, Why
from .models import WebFinding, WebScan
from .registry import all_checks, faults
from .standing import accepted_of

ORDER = (Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO)
_GONE = Text(en="A fault that this release does not know", zh="当前版本未收录的问题")


class Shown(Struct, frozen=True, kw_only=True):
    """A finding in words. ``accepted``: an operator took it for mistaken."""

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
    findings: Sequence[Shown]
    not_tested: Sequence[Untested]
    never_tested: Sequence[str]
    passed: Sequence[str]
    """Checks that asked all they wanted and found nothing."""
    counts: Sequence[tuple[str, int]]

    @property
    def blocking(self) -> int:
        return sum(one.blocks for one in self.findings)


def report_of(run: WebScan) -> Report:
    """In the active language."""
    stored = sorted(WebFinding.objects.filter(scan=run), key=lambda one: (ORDER.index(Severity(one.severity)), one.pk))
    accepted = accepted_of(run, stored)
    shown = [shown_of(one, accepted) for one in stored]
    untested = [_untested(one) for one in run.not_tested]
    said = {one["check"] for one in run.not_tested} | {one.code.partition(".")[0] for one in stored}
    return Report(
        findings=shown,
        not_tested=untested,
        never_tested=[_say(topic) for topic in NEVER_TESTED],
        passed=[
            _say(check.title) for check in all_checks() if check.code not in said and run.status == WebScan.Status.DONE
        ],
        counts=[(level.value, sum(one.severity == level for one in stored)) for level in ORDER],
    )


def shown_of(finding: WebFinding, accepted: Collection[str] = ()) -> Shown:
    fault: Fault | None = faults().get(finding.code)
    return Shown(
        finding=finding,
        title=_say(fault.title if fault else _GONE),
        topic=_say(fault.topic) if fault else "",
        why=_say(fault.why) if fault else "",
        repair=_say(fault.repair) if fault else "",
        accepted=finding.fingerprint in accepted,
    )


def title_of(code: str) -> str:
    """A fault's or a check's name."""
    fault = faults().get(code)
    if fault is not None:
        return _say(fault.title)
    return next((_say(check.title) for check in all_checks() if check.code == code), code)


def _untested(one: dict[str, str]) -> Untested:
    words = WHY_WORDS[Why(one["why"])] if one["why"] in Why else Text.same(one["why"])
    return Untested(title=title_of(one["check"]), why=_say(words), detail=one.get("detail", ""))


def _say(text: Text) -> str:
    return text.in_language(get_language())
