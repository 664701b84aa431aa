"""Money that came without saying whose it is: entered, then assigned to its buyer or sent back."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money_words import in_words
from tradepost.market.identity.models import User
from tradepost.market.payments import queries
from tradepost.market.payments import unmatched as money
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.intent_queries import (
    facts,
    find_buyer,
    find_fact,
    find_reference,
    same_amount,
)
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.auditing import only_shown
from tradepost.market.web.refusals import say_why
from tradepost.market.web.status import vocabulary

from .arrival_form import ArrivalForm


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return _list(request, ArrivalForm(currency=config().currency))


def _list(request: HttpRequest, form: ArrivalForm) -> HttpResponse:
    """What nobody matched yet, unless another state is asked for."""
    status = request.GET.get("status", ProviderFact.Status.UNMATCHED.value)
    context = {
        "page": facts(status=status, after=request.GET.get("after", "")),
        "status": status,
        "states": vocabulary("money"),
        "form": form,
    }
    return render(request, "console/unmatched.html", context, status=409 if form.is_bound and form.errors else 200)


@operator_required
@require_POST
def record(request: HttpRequest) -> HttpResponse:
    """Twice the same form, as a top-up."""
    form = ArrivalForm(request.POST, currency=config().currency)
    if not form.is_valid() or "change" in request.POST:
        only_shown(request)
        return _list(request, form)
    arrival = form.arrival()
    if "confirmed" not in request.POST and not queries.is_booked(arrival.bank_number):
        only_shown(request)
        context = {
            "arrival": arrival, "amount": arrival.amount, "announced": find_reference(arrival.words),
            "action": reverse("console:unmatched_record"),
        }  # fmt: skip
        return render(request, "console/unmatched_confirm.html", context)
    try:
        fact = money.record(arrival, by=person(request), now=now_of(request))
    except Refused as refused:
        say_why(form, refused)
        return _list(request, form)
    messages.success(request, _("%(amount)s is kept until you know whose it is.") % {"amount": in_words(fact.amount)})
    return redirect("console:unmatched_one", fact.pk)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _fact(pk), None)


def _fact(pk: int) -> ProviderFact:
    found = find_fact(pk)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, fact: ProviderFact, refused: Refused | None) -> HttpResponse:
    waits = fact.status == ProviderFact.Status.UNMATCHED
    named = find_reference(fact.words) if waits and fact.words else None
    typed = {name: request.POST.get(name, "") for name in ("whose", "note", "how")}
    if named is not None and "whose" not in request.POST:
        typed["whose"] = named.number
    context = {
        "fact": fact,
        "waits": waits,
        "likely": same_amount(fact.amount) if waits else [],
        "named": named,
        "refused": refused,
        "typed": typed,
    }
    return render(request, "console/unmatched_one.html", context, status=refused.status if refused else 200)


@operator_required
@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """First it is shown whose balance it goes to, then it is booked."""
    fact = _fact(pk)
    if "change" in request.POST:
        only_shown(request)
        return _page(request, fact, None)
    try:
        buyer, intent = _whose(request.POST.get("whose", ""))
        if "confirmed" not in request.POST:
            return _assign_confirm(request, fact, buyer, intent)
        note = request.POST.get("note", "")
        money.assign(fact, buyer, intent=intent, note=note, by=person(request), now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("This money is dealt with already; nothing was booked again."))
    except Refused as refused:
        return _page(request, fact, refused)
    else:
        said = {"amount": in_words(fact.amount), "name": str(buyer)}
        messages.success(request, _("%(amount)s was added to the balance of %(name)s.") % said)
    return redirect("console:unmatched_one", pk)


def _assign_confirm(request: HttpRequest, fact: ProviderFact, buyer: User, intent: Intent | None) -> HttpResponse:
    note = money.reason(request.POST.get("note", ""))
    only_shown(request)
    context = {
        "fact": fact,
        "amount": fact.amount,
        "whose": buyer,
        "intent": intent,
        "said": request.POST.get("whose", ""),
        "note": note,
        "action": reverse("console:unmatched_assign", args=[fact.pk]),
        "after": queries.balance(buyer, fact.currency) + fact.amount,
    }
    return render(request, "console/unmatched_assign.html", context)


def _whose(text: str) -> tuple[User, Intent | None]:
    """The buyer by the number of an announced transfer, or by e-mail address. Raises ``Refused``."""
    if (intent := find_reference(text)) is not None:
        return intent.user, intent
    if (buyer := find_buyer(text)) is not None:
        return buyer, None
    raise Refused("money.whose", _("No transfer has this number, and nobody this e-mail address."), 409, field="whose")


@operator_required
@require_POST
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    fact = _fact(pk)
    try:
        money.send_back(fact, note=request.POST.get("how", ""), by=person(request), now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("This money is dealt with already; nothing was booked again."))
    except Refused as refused:
        shown = Refused(refused.code, refused.message, refused.status, field="how")
        return _page(request, fact, shown)
    else:
        messages.success(request, _("Booked as sent back to who had paid it."))
    return redirect("console:unmatched_one", pk)
