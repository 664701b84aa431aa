"""Describe probes for sellers and operators: a product's health, its consequences, and the findings of an attempt."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from babel.dates import format_date
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.catalog.models import Product
from tradepost.market.debugging import findings
from tradepost.market.probes.evidence import NO_EVIDENCE, Evidence
from tradepost.market.probes.models import Health, ProbeRun
from tradepost.market.probes.seller_queries import MonitoredProduct
from tradepost.market.production.models import Attempt

from .templatetags.ui import locale_now


class HealthNote(Struct, frozen=True):
    """A product's health. ``state``: a key of the vocabulary "health"; ``words``: the explanation."""

    state: str
    words: str


def watched_health(one: MonitoredProduct, *, freeze_days: int) -> HealthNote:
    """Return the health of a watched product, with what follows from it."""
    note = None
    if one.health is not None:
        note = health_note(one.health, one.product, freeze_days=freeze_days, evidence=one.evidence)
    if note is not None and (one.cases or note.state != "passing"):  # without cases, nothing is probed any more
        return note
    if one.evidence.failed is not None:
        return _failing_note(one.evidence.failed)
    if not one.cases:
        return HealthNote("untested", _("No probes run because no debug case is saved at its address."))
    if any(day is not None and (day.am or day.pm) for _date, day in one.days):
        return HealthNote("unknown", _("No probe has a result yet: a required case is not saved or was not run."))
    if one.evidence.passed_at is not None:
        words = _("All required cases passed, the last one on %(date)s. The first probe follows in the next slot.")
        return HealthNote("tested", words % {"date": _date(one.evidence.passed_at)})
    return HealthNote("untested", _("Not probed yet. The next slot probes every saved case."))


def health_note(
    health: Health, product: Product, *, freeze_days: int, evidence: Evidence = NO_EVIDENCE
) -> HealthNote | None:
    """Return the health of a product, or None before the first result. ``evidence``: results since the last judged
    slot."""
    if product.status == Product.Status.FROZEN and health.frozen_on is not None:
        return _frozen_note(health, evidence)
    failing = health.verdict == "failed"
    if evidence.failed is not None and not failing:
        return _failing_note(evidence.failed)
    if failing and evidence.passed_at is not None:
        return _recovering_note(health, evidence.passed_at, freeze_days)
    if health.freezes_on is not None:
        values = {"date": _date(health.freezes_on), "days": freeze_days}
        if failing:
            words = _(
                "If the problem is not fixed, sales are suspended at the end of %(date)s, the failing day "
                "%(days)s in a row."
            )
            return HealthNote("failing", words % values)
        words = _(
            "The last probe passed. A whole day of passing probes resets the count; otherwise, sales are "
            "suspended at the end of %(date)s."
        )
        return HealthNote("recovering", words % values)
    if failing:
        words = _("The last probe failed, on %(date)s. Calls for buyers would probably fail as well.")
        return HealthNote("failing", words % {"date": _date(health.seen_at)})
    if health.verdict != "passed" or health.seen_at is None:
        return None
    words = _("All required probes passed. Last probe: %(date)s.")
    return HealthNote("passing", words % {"date": _date(health.seen_at)})


def _failing_note(run: ProbeRun) -> HealthNote:
    """Describe a required case that failed all its tries. The slot is judged when it closes."""
    words = _("%(case)s failed in the probe of %(date)s. The slot counts once it has closed.")
    if run.slot.product_id is not None:
        words = _("%(case)s failed in the probe by hand of %(date)s. A probe by hand is not counted.")
    case = f"{run.activity} {run.variant}".strip()
    return HealthNote("failing", words % {"case": case, "date": _date(run.ended_at)})


def _recovering_note(health: Health, passed_at: datetime, freeze_days: int) -> HealthNote:
    words = _("All required cases passed on %(passed)s, after the failed probe of %(failed)s. The next slot decides.")
    words_of_both = words % {"passed": _date(passed_at), "failed": _date(health.seen_at)}
    if health.freezes_on is not None:
        forecast = _(
            "If it fails every day, sales are suspended at the end of %(date)s, failing day %(days)s in a row."
        )
        words_of_both = f"{words_of_both} {forecast % {'date': _date(health.freezes_on), 'days': freeze_days}}"
    return HealthNote("recovering", words_of_both)


def _date(moment: date | datetime | None) -> str:
    """Return a date for use in a sentence."""
    day = timezone.localtime(moment).date() if isinstance(moment, datetime) else moment
    return (
        format_date(day, "yyyy-MM-dd" if locale_now().language == "zh" else "d MMM yyyy", locale=locale_now())
        if day
        else ""
    )


def _frozen_note(health: Health, evidence: Evidence) -> HealthNote:
    since = {"date": _date(health.frozen_on)}
    if health.verdict == "passed":
        words = _("Sales have been suspended since %(date)s. Probes pass again, and sales can be restored.")
        return HealthNote("frozen", words % since)
    if evidence.passed_at is not None:
        words = _(
            "Sales have been suspended since %(date)s. All required cases passed on %(passed)s, after the failed "
            "probe of %(failed)s."
        )
        values = since | {"passed": _date(evidence.passed_at), "failed": _date(health.seen_at)}
        return HealthNote("frozen", words % values)
    return HealthNote("frozen", _("Sales have been suspended since %(date)s, and probes still fail.") % since)


def finding_rows(attempt: Attempt) -> list[dict[str, Any]]:
    """Return the findings of an attempt, failures first."""
    language = get_language()
    rows = [
        {
            "verdict": finding.verdict.value,
            "title": finding.title.in_language(language),
            "expected": finding.expected.in_language(language),
            "seen": finding.seen.in_language(language),
            "repair": finding.repair.in_language(language) if finding.repair else "",
            "spec": finding.spec,
        }
        for finding in findings.read(attempt.findings)
    ]
    return sorted(rows, key=lambda finding: finding["verdict"] == "passed")
