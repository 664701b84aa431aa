"""The sandbox's clock: current market time, target time, and the form to advance it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tradepost.market.base import clock
from tradepost.market.production.operator_queries import workers
from tradepost.market.web.access import now_of, operator_required
from tradepost.market.web.pages import ask, submitted_data

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MAX_DISTANCE = timedelta(days=3660)
STEPS = (("1h", _("1 hour")), ("1d", _("1 day")), ("30d", _("30 days")))
_DISTANCE = re.compile(r"\s*(\d{1,6})\s*([mhdw])\s*", re.IGNORECASE)


class TargetTimeForm(forms.Form):
    distance = forms.CharField(
        label=_("Distance"), max_length=16,
        help_text=_("A number and a unit: 90m for minutes, 12h for hours, 45d for days, 2w for weeks."),
    )  # fmt: skip

    def clean_distance(self) -> timedelta:
        match = _DISTANCE.fullmatch(self.cleaned_data["distance"])
        if match is None:
            raise forms.ValidationError(gettext("Enter a number and a unit, for example 30d."))
        distance = timedelta(**{UNITS[match[2].lower()]: int(match[1])})
        if distance > MAX_DISTANCE:
            raise forms.ValidationError(gettext("At most ten years at a time."))
        return distance


@operator_required
def show(request: HttpRequest) -> HttpResponse:
    form = TargetTimeForm(submitted_data(request))
    return ask(
        request,
        form,
        lambda: clock.set_target(form.cleaned_data["distance"]),
        page=lambda: render(request, "console/clock.html", {**_clock_context(request), "form": form, "steps": STEPS}),
        back="console:clock",
    )


@operator_required
@require_safe
def clock_part(request: HttpRequest) -> HttpResponse:
    """Return the part with the clock, which is polled until it has reached its target."""
    return render(request, "console/parts/hands.html", _clock_context(request))


def _clock_context(request: HttpRequest) -> dict[str, object]:
    now, target = now_of(request), clock.target()
    start = _start(request, now)
    moving = target is not None and target > now
    total_seconds = (target - start).total_seconds() if target else 0
    return {
        "market_time": now, "target": target if moving else None, "start": start.timestamp(),
        "percent": min(max(round(100 * (now - start).total_seconds() / total_seconds), 0), 99)
        if moving and total_seconds > 0
        else 0,
        "living": any(worker.alive for worker in workers(clock.wall())),
    }  # fmt: skip


def _start(request: HttpRequest, now: datetime) -> datetime:
    """Return the time at which this reader began to watch, from which progress is measured."""
    try:
        return datetime.fromtimestamp(float(request.GET.get("from", "")), now.tzinfo)
    except (ValueError, OverflowError, OSError):
        return now
