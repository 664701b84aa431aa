"""An operator suspends a seller's sales and ends that, unlocks its certification, and says which seller the market itself is."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from tradepost.market.base.errors import Refused
from tradepost.market.identity import certify, enter
from tradepost.market.identity import operator_queries as identity
from tradepost.market.identity import self_operated as own
from tradepost.market.identity.models import Seller
from tradepost.market.web.access import now_of, operator_required, person


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason, which the seller reads"),
        max_length=enter.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _seller(pk: int) -> Seller:
    seller = identity.find_seller(pk)
    if seller is None:
        raise Http404
    return seller


def _done(request: HttpRequest, pk: int, act: Callable[[], None], said: str) -> HttpResponse:
    """Back to the seller's page, with what was done, or why it was not."""
    try:
        act()
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, said)
    return redirect("console:seller", pk)


@operator_required
@require_POST
def suspend(request: HttpRequest, pk: int) -> HttpResponse:
    seller = _seller(pk)
    reason, by = request.POST.get("reason", ""), person(request).email
    said = _("Suspended: its products are not sold any more, and it was told why.")
    return _done(request, pk, lambda: enter.suspend(seller, reason=reason, by=by, now=now_of(request)), said)


@operator_required
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    seller = _seller(pk)
    reason, by = request.POST.get("reason", ""), person(request).email
    said = _("Its products are sold again, and it was told.")
    return _done(request, pk, lambda: enter.resume(seller, reason=reason, by=by, now=now_of(request)), said)


@operator_required
@require_POST
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    seller = _seller(pk)
    return _done(request, pk, lambda: certify.unlock(seller), _("It may apply for certification again."))


@operator_required
@require_POST
def self_operated(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the market itself sells under it, or does not any more."""
    seller, on, by = _seller(pk), request.POST.get("on") == "yes", person(request).email
    said = (
        _("The market sells under it now, and issues its own invoices.")
        if on
        else _("It is a seller like all others now.")
    )
    return _done(request, pk, lambda: own.set_self_operated(seller, on=on, by=by, now=now_of(request)), said)
