"""The sandbox's clock: what time the market has, where it is heading, and how to move it forward."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tradepost.market.base import clock
from tradepost.market.base.errors import Refused
from tradepost.market.production.operator_queries import workers
from tradepost.market.web.access import now_of, operator_required

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FURTHEST = timedelta(days=3660)
STEPS = (("1h", _("1 hour")), ("1d", _("1 day")), ("30d", _("30 days")))
_DISTANCE = re.compile(r"\s*(\d{1,6})\s*([mhdw])\s*", re.IGNORECASE)


class AimForm(forms.Form):
    distance = forms.CharField(
        label=_("Distance"), max_length=16,
        help_text=_("A number and a unit: 90m for minutes, 12h for hours, 45d for days, 2w for weeks."),
    )  # fmt: skip

    def clean_distance(self) -> timedelta:
        found = _DISTANCE.fullmatch(self.cleaned_data["distance"])
        if found is None:
            raise forms.ValidationError(gettext("Give a number and a unit, for example 30d."))
        distance = timedelta(**{UNITS[found[2].lower()]: int(found[1])})
        if distance > FURTHEST:
            raise forms.ValidationError(gettext("At most ten years at a time."))
        return distance


@operator_required
def show(request: HttpRequest) -> HttpResponse:
    form = AimForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid() and _aimed(form):
            return redirect("console:clock")
        status = 409
    return render(request, "console/clock.html", {**_hands(request), "form": form, "steps": STEPS}, status=status)


def _aimed(form: AimForm) -> bool:
    try:
        clock.aim(form.cleaned_data["distance"])
    except Refused as refused:
        form.add_error(None, refused.message)
        return False
    return True


@operator_required
@require_safe
def hands(request: HttpRequest) -> HttpResponse:
    """The part of the page that renews itself until the clock has arrived."""
    return render(request, "console/parts/hands.html", _hands(request))


def _hands(request: HttpRequest) -> dict[str, object]:
    now, target = now_of(request), clock.target()
    start = _start(request, now)
    moving = target is not None and target > now
    whole = (target - start).total_seconds() if target else 0
    return {
        "market_time": now, "target": target if moving else None, "start": start.timestamp(),
        "percent": min(max(round(100 * (now - start).total_seconds() / whole), 0), 99) if moving and whole > 0 else 0,
        "living": any(worker.alive for worker in workers(clock.wall())),
    }  # fmt: skip


def _start(request: HttpRequest, now: datetime) -> datetime:
    """Where this reader began to watch; the progress counts from there."""
    try:
        return datetime.fromtimestamp(float(request.GET.get("from", "")), now.tzinfo)
    except (ValueError, OverflowError, OSError):
        return now
