"""Probes in words, for sellers and operators: how a product stands, what follows if nothing changes, what was judged of a try."""

from __future__ import annotations

from datetime import date
from typing import Any

from babel.dates import format_date
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.catalog.models import Product
from tradepost.market.debugging import findings
from tradepost.market.probes.models import Health
from tradepost.market.probes.seller_queries import Watched
from tradepost.market.production.models import Attempt

from .templatetags.ui import locale_now


class Said(Struct, frozen=True):
    """``state``: a key of the vocabulary "health"."""

    state: str
    words: str


def said_of(one: Watched, *, freeze_days: int) -> Said:
    """The state of a product in a word, and what follows from it in a sentence."""
    said = said_of_health(one.health, one.product, freeze_days=freeze_days) if one.health is not None else None
    if said is not None and (one.cases or said.state != "passing"):  # without cases, nobody tests it any more
        return said
    if not one.cases:
        return Said("untested", _("Nothing is probed: no debug case is saved at its address."))
    if any(day is not None and (day.am or day.pm) for _date, day in one.days):
        return Said(
            "unknown", _("No slot says how it stands yet: a case that it needs is not saved, or was not asked.")
        )
    return Said("untested", _("It was not probed yet: the next slot asks every saved case."))


def said_of_health(health: Health, product: Product, *, freeze_days: int) -> Said | None:
    """None while no probe said anything."""
    if product.status == Product.Status.FROZEN and health.frozen_on is not None:
        return _frozen(health)
    failing = health.verdict == "failed"
    if health.freezes_on is not None:
        about = {"date": _date(health.freezes_on), "days": freeze_days}
        if failing:
            words = _(
                "If nothing changes, sales are suspended at the end of %(date)s, the failing day %(days)s in a row."
            )
            return Said("failing", words % about)
        words = _(
            "The last probe passed. A whole day on which all pass sets the count to 0; else sales are suspended at the end of %(date)s."
        )
        return Said("recovering", words % about)
    if failing:
        return Said(
            "failing", _("Its last probe failed. Calls that are made for buyers would most likely fail as well.")
        )
    if health.verdict != "passed" or health.seen_at is None:
        return None
    words = _("All probes of what it needs passed. Last probe: %(date)s.")
    return Said("passing", words % {"date": _date(timezone.localtime(health.seen_at).date())})


def _date(day: date | None) -> str:
    """Within a sentence."""
    return (
        format_date(day, "yyyy-MM-dd" if locale_now().language == "zh" else "d MMM yyyy", locale=locale_now())
        if day
        else ""
    )


def _frozen(health: Health) -> Said:
    since = {"date": _date(health.frozen_on)}
    if health.verdict == "passed":
        words = _("Sales are suspended since %(date)s. Its probes pass again: its sale can be restored.")
        return Said("frozen", words % since)
    return Said("frozen", _("Sales are suspended since %(date)s, and its probes still fail.") % since)


def judged(attempt: Attempt) -> list[dict[str, Any]]:
    """What was judged of a try, the worst first."""
    language = get_language()
    shown = [
        {
            "verdict": one.verdict.value,
            "title": one.title.in_language(language),
            "expected": one.expected.in_language(language),
            "seen": one.seen.in_language(language),
            "repair": one.repair.in_language(language) if one.repair else "",
            "spec": one.spec,
        }
        for one in findings.read(attempt.findings)
    ]
    return sorted(shown, key=lambda one: one["verdict"] == "passed")
