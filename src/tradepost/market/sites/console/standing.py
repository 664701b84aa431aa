"""An operator suspends or resumes a seller, unlocks its certification, or marks the market's own seller."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tradepost.market.base.errors import Refused
from tradepost.market.identity import certify, enter
from tradepost.market.identity import self_operated as own
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.pages import ask

from . import sellers
from .sellers import ReasonForm


def _run_act(request: HttpRequest, pk: int, act: Callable[[], None], message: str) -> HttpResponse:
    """Run an act and return to the seller's page with the result or the refusal."""
    try:
        act()
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, message)
    return redirect("console:seller", pk)


@operator_required
@require_POST
def suspend(request: HttpRequest, pk: int) -> HttpResponse:
    return _run_with_reason(request, pk, enter.suspend, _("The seller is suspended and was notified of the reason."))


@operator_required
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _run_with_reason(request, pk, enter.resume, _("The suspension was ended. The seller was notified."))


def _run_with_reason(request: HttpRequest, pk: int, act: Callable[..., None], message: str) -> HttpResponse:
    """Run an act with a reason. A refused form is shown again with its input."""
    seller, form = sellers.seller_or_404(pk), ReasonForm(request.POST)
    return ask(
        request,
        form,
        lambda: act(seller, reason=form.cleaned_data["reason"], by=person(request).email, now=now_of(request)),
        page=lambda: sellers.render_seller(request, sellers.seller_or_404(pk), form=form),
        done=message,
        back=("console:seller", pk),
    )


@operator_required
@require_POST
def unlock(request: HttpRequest, pk: int) -> HttpResponse:
    seller = sellers.seller_or_404(pk)
    return _run_act(request, pk, lambda: certify.unlock(seller), _("The seller may apply for certification again."))


@operator_required
@require_POST
def self_operated(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a seller as the market's own, or remove the mark."""
    seller, on, by = sellers.seller_or_404(pk), request.POST.get("on") == "yes", person(request).email
    message = (
        _("This seller is now the market's own. Operators issue its invoices.")
        if on
        else _("This seller is no longer the market's own.")
    )
    return _run_act(request, pk, lambda: own.set_self_operated(seller, on=on, by=by, now=now_of(request)), message)
