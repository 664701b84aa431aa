"""Money without a known owner: enter it, then assign it to its buyer or send it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money_words import format_money
from tradepost.market.base.paging import Page
from tradepost.market.identity.models import User
from tradepost.market.payments import queries
from tradepost.market.payments import unmatched as arrivals
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.intent_queries import (
    find_buyer,
    find_fact,
    find_reference,
    intents_with_amount,
    receipts,
)
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import ASSIGN_MONEY, RETURN_MONEY
from tradepost.market.web.approved_commands import AssignMoney, SendBackMoney
from tradepost.market.web.auditing import mark_preview
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    moment,
    money,
    page_link,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.refusals import add_refusal

from .arrival_form import ArrivalForm
from .list_parts import LAYOUT
from .transfers import account_holder, booking_context, booking_message


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[ProviderFact]:
    del request
    return receipts(status=query["status"], since=query.since, until=query.until, after=after, size=size)


LISTING: Listing[ProviderFact, ProviderFact] = Listing(
    name="console:unmatched",
    title=gettext_lazy("Unmatched money"),
    intro=gettext_lazy(
        "Money that arrived without a valid reference number. It stays in the books until you assign it or send it back."
    ),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(
            gettext_lazy("Bank reference"), "provider_no", "console:unmatched_one", "pk", under="words", css="tp-id"
        ),
        text(gettext_lazy("Payment reference"), "words", on_page=False),
        text(gettext_lazy("Payer"), "payer", css="c-cell c-wrap"),
        moment(gettext_lazy("Entered"), "seen_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "money"),
    ),
    filters=(states("money", default=ProviderFact.Status.UNMATCHED), time_range()),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No unmatched money"),
        text=gettext_lazy("All payments received are matched to buyers. Choose another state to see the others."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No arrivals found"), text=gettext_lazy("Try another state or time.")
    ),
    file="unmatched-money",
    template="console/unmatched.html",
    also=lambda _request, _query: {"form": ArrivalForm(currency=config().currency)},
)
index = operator_list(LISTING)


def _refused_page(request: HttpRequest, form: ArrivalForm) -> HttpResponse:
    """Render the page with the refused form. Filters and files belong to the list's own address."""

    def shown(request: HttpRequest, template: str, context: Mapping[str, Any], _status: int) -> HttpResponse:
        page_context = {**context, "form": form, "fields": (), "formats": (), "page": Page(context["page"].rows, "")}
        return render(request, template, page_context)

    return LISTING.view(request, shown)


@operator_required
@require_POST
def record(request: HttpRequest) -> HttpResponse:
    """Enter money in two steps with the same form, like a top-up."""
    form = ArrivalForm(request.POST, currency=config().currency)
    if not form.is_valid() or "change" in request.POST:
        mark_preview(request)
        return _refused_page(request, form)
    arrival = form.arrival()
    if "confirmed" not in request.POST and not queries.is_booked(arrival.bank_number):
        mark_preview(request)
        announced = find_reference(arrival.words)
        context = {
            "arrival": arrival, "amount": arrival.amount, "announced": announced,
            "payer": account_holder(announced) if announced else "",
            "action": reverse("console:unmatched_record"),
        }  # fmt: skip
        return render(request, "console/unmatched_confirm.html", context)
    try:
        fact = arrivals.record(arrival, by=person(request), now=now_of(request))
    except Refused as refused:
        add_refusal(form, refused)
        return _refused_page(request, form)
    messages.success(
        request, _("%(amount)s is recorded as unmatched until you assign it.") % {"amount": format_money(fact.amount)}
    )
    return redirect("console:unmatched_one", fact.pk)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _fact(pk), None)


def _fact(pk: int) -> ProviderFact:
    provider_fact = find_fact(pk)
    if provider_fact is None:
        raise Http404
    return provider_fact


def _page(request: HttpRequest, fact: ProviderFact, refused: Refused | None) -> HttpResponse:
    waits = fact.status == ProviderFact.Status.UNMATCHED
    matched_intent = find_reference(fact.words) if waits and fact.words else None
    typed = {name: request.POST.get(name, "") for name in ("whose", "note", "how")}
    if matched_intent is not None and "whose" not in request.POST:
        typed["whose"] = matched_intent.number
    context = {
        "fact": fact,
        "waits": waits,
        "likely": intents_with_amount(fact.amount) if waits else [],
        "named": matched_intent,
        "refused": refused,
        "typed": typed,
    }
    return render(request, "console/unmatched_one.html", context)


@operator_required
@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Assign money in two steps: preview of the balance, then confirmation."""
    fact = _fact(pk)
    if "change" in request.POST:
        mark_preview(request)
        return _page(request, fact, None)
    try:
        buyer, intent = _recipient(request.POST.get("whose", ""))
        if "confirmed" not in request.POST:
            return _assign_confirm(request, fact, buyer, intent)
        command = AssignMoney(
            fact=pk, buyer=buyer.pk, intent=intent.pk if intent else None, note=request.POST.get("note", "")
        )
        waits = approving.run(request, ASSIGN_MONEY, command)
    except IllegalTransition:
        messages.info(request, _("This money has already been processed. Nothing was booked again."))
    except Refused as refused:
        return _page(request, fact, refused)
    else:
        if waits is not None:
            return approving.redirect_to_approval(request, waits)
        messages.success(request, _booking_message(fact, buyer, intent))
    return redirect("console:unmatched_one", pk)


def _booking_message(fact: ProviderFact, buyer: User, intent: Intent | None) -> str:
    if intent is not None:
        return booking_message(intent, fact.amount)
    values = {"amount": format_money(fact.amount), "name": str(buyer)}
    return _("%(amount)s was added to the balance of %(name)s.") % values


def _assign_confirm(request: HttpRequest, fact: ProviderFact, buyer: User, intent: Intent | None) -> HttpResponse:
    note = arrivals.checked_reason(request.POST.get("note", ""))
    mark_preview(request)
    context = {
        "fact": fact,
        "amount": fact.amount,
        **(booking_context(intent, fact.amount) if intent else _balance_context(buyer, fact)),
        "intent": intent,
        "said": request.POST.get("whose", ""),
        "note": note,
        "action": reverse("console:unmatched_assign", args=[fact.pk]),
    }
    return render(request, "console/unmatched_assign.html", context)


def _balance_context(buyer: User, fact: ProviderFact) -> dict[str, object]:
    return {"whose": buyer, "after": queries.balance(buyer, fact.currency) + fact.amount}


def _recipient(text: str) -> tuple[User, Intent | None]:
    """Return the buyer by the number of an announced transfer, or by email address. Raises ``Refused``."""
    if (intent := find_reference(text)) is not None:
        return intent.user, intent
    if (buyer := find_buyer(text)) is not None:
        return buyer, None
    raise Refused(
        "money.whose",
        _("No transfer has this reference number, and no buyer has this email address."),
        409,
        field="whose",
    )


@operator_required
@require_POST
def bounce(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the bank could not deliver returned money."""
    fact = _fact(pk)
    try:
        arrivals.bounce(fact, note=request.POST.get("how", ""), by=person(request), now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("This money has already been processed. Nothing was booked again."))
    except Refused as refused:
        return _page(request, fact, Refused(refused.code, refused.message, refused.status, field="how"))
    else:
        messages.success(request, _("Booked. The money is unmatched again."))
    return redirect("console:unmatched_one", pk)


@operator_required
@require_POST
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    fact = _fact(pk)
    try:
        waits = approving.run(request, RETURN_MONEY, SendBackMoney(fact=pk, note=request.POST.get("how", "")))
    except IllegalTransition:
        messages.info(request, _("This money has already been processed. Nothing was booked again."))
    except Refused as refused:
        refusal = Refused(refused.code, refused.message, refused.status, field="how")
        return _page(request, fact, refusal)
    else:
        if waits is not None:
            return approving.redirect_to_approval(request, waits)
        messages.success(request, _("Booked as returned to the payer."))
    return redirect("console:unmatched_one", pk)
