"""Transfers that buyers announced: proof beside intent, and what an operator decides in two steps."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money_words import in_words
from tradepost.market.payments import intents, queries
from tradepost.market.payments.confirm import confirm as book
from tradepost.market.payments.confirm import reject as refuse
from tradepost.market.payments.intent_lifecycle import INTENT, IntentEvent
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intent_queries import all_intents, find_intent, mistyped, unmatched_count
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.auditing import only_shown
from tradepost.market.web.refusals import say_why
from tradepost.market.web.status import vocabulary
from tradepost.market.web.transfers import transfer_events

from .arrival_form import ArrivalForm


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Those that wait for an operator, unless another state or a reference number is asked for."""
    sought = request.GET.get("q", "").strip()
    status = request.GET.get("status", "" if sought else Intent.Status.IN_REVIEW.value)
    context = {
        "page": all_intents(status=status, number=sought, after=request.GET.get("after", "")),
        "status": status,
        "sought": sought,
        "mistyped": mistyped(sought),
        "states": [(key, look) for key, look in vocabulary("intent") if key != Intent.Status.CREATED],
        "unmatched": unmatched_count(),
        "now": now_of(request),
    }
    return render(request, "console/transfers.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    intent = _intent(pk)
    return _page(request, intent, ArrivalForm(currency=intent.currency, initial=_expected(intent)))


def _intent(pk: int) -> Intent:
    found = find_intent(pk)
    if found is None:
        raise Http404
    return found


def _expected(intent: Intent) -> dict[str, object]:
    """What the form begins with: whoever confirms compares it with the statement."""
    return {"amount": str(intent.amount.major), "words": intent.number}


def _page(request: HttpRequest, intent: Intent, form: ArrivalForm, refused: Refused | None = None) -> HttpResponse:
    context = {
        "intent": intent,
        "fact": getattr(intent, "fact", None),
        "proofs": intents.proofs_of(intent),
        "events": transfer_events(intent, for_operators=True),
        "form": form,
        "balance": queries.balance(intent.user, intent.currency),
        "may_book": any(INTENT.allows(intent.status, event) for event in (IntentEvent.ACCEPT, IntentEvent.SUCCEED)),
        "may_reject": INTENT.allows(intent.status, IntentEvent.REJECT),
        "late": intent.check_by is not None and intent.check_by < now_of(request),
        "now": now_of(request),
        "refused": refused,
        "typed": request.POST.get("opinion", ""),
    }
    wrong = refused.status if refused else 409 if form.is_bound and form.errors else 200
    return render(request, "console/transfer.html", context, status=wrong)


@operator_required
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Twice the same form: first it is checked and shown for confirmation, then it is booked."""
    intent = _intent(pk)
    form = ArrivalForm(request.POST, currency=intent.currency)
    if not form.is_valid() or "change" in request.POST:
        only_shown(request)
        return _page(request, intent, form)
    arrival = form.arrival()
    if "confirmed" not in request.POST:
        if queries.is_booked(arrival.bank_number):
            form.add_error("bank_number", _("This number is booked already: the same money is not booked twice."))
            return _page(request, intent, form)
        after = queries.balance(intent.user, intent.currency) + arrival.amount
        only_shown(request)
        context = {
            "intent": intent, "whose": intent.user, "arrival": arrival, "amount": arrival.amount, "after": after,
            "action": reverse("console:transfer_confirm", args=[pk]),
        }  # fmt: skip
        return render(request, "console/transfer_confirm.html", context)
    try:
        fact = book(intent, arrival, by=person(request), now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("This transfer is decided already; nothing was booked again."))
    except Refused as refused:
        say_why(form, refused)
        return _page(request, intent, form)
    else:
        said = {"amount": in_words(fact.amount), "name": str(intent.user)}
        messages.success(request, _("%(amount)s was added to the balance of %(name)s.") % said)
    return redirect("console:transfer", pk)


@operator_required
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    intent = _intent(pk)
    try:
        refuse(intent, request.POST.get("opinion", ""), by=person(request), now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("This transfer is decided already."))
    except Refused as refused:
        empty = ArrivalForm(currency=intent.currency, initial=_expected(intent))
        return _page(request, intent, empty, refused)
    else:
        messages.success(request, _("Not accepted. The buyer reads why, and may show another proof."))
    return redirect("console:transfer", pk)
