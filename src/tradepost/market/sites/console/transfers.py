"""Announced transfers of buyers and sellers: proofs, and booking by an operator in two steps."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.base.paging import Page
from tradepost.market.payments import intents, queries
from tradepost.market.payments.confirm import Arrival
from tradepost.market.payments.confirm import reject as refuse
from tradepost.market.payments.intent_lifecycle import INTENT, IntentEvent
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intent_queries import (
    IntentFilter,
    all_intents,
    find_intent,
    is_mistyped_reference,
    unmatched_count,
)
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import CONFIRM_TRANSFER
from tradepost.market.web.approved_commands import BookTransfer
from tradepost.market.web.auditing import mark_preview
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    choice,
    fragment,
    moment,
    money,
    page_link,
    search,
    state,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.refusals import add_refusal
from tradepost.market.web.status import state_choices
from tradepost.market.web.transfers import transfer_corrections, transfer_events

from .arrival_form import ArrivalForm
from .list_parts import LAYOUT, debt_to_market


class ListedTransfer(Struct, frozen=True):
    intent: Intent
    late: bool
    """Whether its check is overdue."""


def _default_state(request: HttpRequest) -> str:
    """Return the default state: to be checked, or all states for a search by number."""
    return "" if request.GET.get("q", "").strip() else Intent.Status.IN_REVIEW.value


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Intent]:
    """Return the transfers. A search by number ignores state and time, so that operators do not enter the same money
    again."""
    del request
    if query["q"]:
        return all_intents(IntentFilter(number=query["q"]), after=after, size=size)
    filters = IntentFilter(status=query["status"], since=query.since, until=query.until)
    return all_intents(filters, after=after, size=size)


def _rows(request: HttpRequest, intents: list[Intent]) -> list[ListedTransfer]:
    now = now_of(request)
    return [ListedTransfer(intent, intent.check_by is not None and intent.check_by < now) for intent in intents]


def _payer(row: ListedTransfer) -> str:
    return payer_name(row.intent)


def payer_name(intent: Intent) -> str:
    """Return the payer: the seller's name, or the buyer's email address."""
    return intent.user.email if intent.seller is None else localised_name(intent.seller, "name")


def _extra_context(request: HttpRequest, query: ListQuery) -> dict[str, Any]:
    del request
    context: dict[str, Any] = {"mistyped": is_mistyped_reference(query["q"]), "unmatched": unmatched_count()}
    return {**context, "nothing": NO_NUMBER} if query["q"] else context


def _states(request: HttpRequest) -> list[tuple[str, str | Promise]]:
    del request
    return [(key, words) for key, words in state_choices("intent") if key != Intent.Status.CREATED]


NO_NUMBER = Empty(
    icon="search",
    title=gettext_lazy("No transfer has this number"),
    text=gettext_lazy("If the money is on the statement, enter it as unmatched money."),
    action=gettext_lazy("Unmatched money"),
    page="console:unmatched",
)
LISTING: Listing[Intent, ListedTransfer] = Listing(
    name="console:transfers",
    title=gettext_lazy("Transfers"),
    intro=gettext_lazy(
        "Transfers that buyers and sellers announced. Book each one when it is on the market's bank statement."
    ),
    layout=LAYOUT,
    source=_source,
    rows=_rows,
    columns=(
        page_link(
            gettext_lazy("Reference number"),
            "intent.number",
            "console:transfer",
            "intent.pk",
            under="intent.created_at",
            css="tp-id",
        ),
        moment(gettext_lazy("Announced"), "intent.created_at", on_page=False),
        fragment(gettext_lazy("Buyer or seller"), _payer, "console/parts/payer.html"),
        fragment(gettext_lazy("Check before"), "intent.check_by", "console/parts/due.html"),
        money(gettext_lazy("Amount"), "intent.amount"),
        state(gettext_lazy("State"), "intent", "intent.status"),
    ),
    filters=(
        search(gettext_lazy("Reference number, as on the transfer")),
        choice("status", gettext_lazy("State"), _states, default=_default_state),
        time_range(),
    ),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No transfers to check"),
        text=gettext_lazy("Transfers appear here when a receipt is uploaded. Choose another state to see the others."),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No transfers found"), text=gettext_lazy("Try another state or time.")
    ),
    file="transfers",
    template="console/transfers.html",
    also=_extra_context,
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    intent = _intent(pk)
    return _page(request, intent, ArrivalForm(currency=intent.currency, initial=_initial_values(intent)))


def _intent(pk: int) -> Intent:
    intent = find_intent(pk)
    if intent is None:
        raise Http404
    return intent


def _initial_values(intent: Intent) -> dict[str, object]:
    """Return the initial values of the form, to be compared with the bank statement."""
    return {"amount": str(intent.amount.major), "words": intent.number}


def _page(request: HttpRequest, intent: Intent, form: ArrivalForm, refused: Refused | None = None) -> HttpResponse:
    context = {
        "intent": intent,
        "fact": getattr(intent, "fact", None),
        "proofs": intents.proofs_of(intent),
        "events": transfer_events(intent, for_operators=True),
        "corrections": transfer_corrections(intent, for_operators=True),
        "for_operators": True,
        "form": form,
        "balance": queries.balance(intent.user, intent.currency) if intent.seller is None else None,
        "owed": debt_to_market(intent.seller, intent.currency) if intent.seller else None,
        "may_book": any(INTENT.allows(intent.status, event) for event in (IntentEvent.ACCEPT, IntentEvent.SUCCEED)),
        "may_reject": INTENT.allows(intent.status, IntentEvent.REJECT),
        "late": intent.check_by is not None and intent.check_by < now_of(request),
        "now": now_of(request),
        "refused": refused,
        "typed": request.POST.get("opinion", ""),
    }
    return render(request, "console/transfer.html", context)


@operator_required
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Book a transfer in two steps with the same form: preview, then confirmation."""
    intent = _intent(pk)
    form = ArrivalForm(request.POST, currency=intent.currency)
    if not form.is_valid() or "change" in request.POST:
        mark_preview(request)
        return _page(request, intent, form)
    arrival = form.arrival()
    if "confirmed" not in request.POST:
        if queries.is_booked(arrival.bank_number):
            form.add_error(
                "bank_number", _("This number has already been booked. The same payment cannot be booked twice.")
            )
            return _page(request, intent, form)
        mark_preview(request)
        context = {
            "intent": intent, "arrival": arrival, "amount": arrival.amount, **booking_context(intent, arrival.amount),
            "action": reverse("console:transfer_confirm", args=[pk]),
        }  # fmt: skip
        return render(request, "console/transfer_confirm.html", context)
    try:
        waits = approving.run(request, CONFIRM_TRANSFER, _command(intent, arrival))
    except IllegalTransition:
        messages.info(request, _("This transfer is decided already; nothing was booked again."))
    except Refused as refused:
        add_refusal(form, refused)
        return _page(request, intent, form)
    else:
        if waits is not None:
            return approving.redirect_to_approval(request, waits)
        messages.success(request, booking_message(intent, arrival.amount))
    return redirect("console:transfer", pk)


def _command(intent: Intent, arrival: Arrival) -> BookTransfer:
    return BookTransfer(
        intent=intent.pk, minor=arrival.amount.minor, currency=arrival.amount.currency,
        bank_number=arrival.bank_number, payer=arrival.payer, words=arrival.words, note=arrival.note,
    )  # fmt: skip


def booking_context(intent: Intent, amount: Money) -> dict[str, object]:
    """Return the context of a confirmation: the buyer's balance after the booking, or the seller and its debt."""
    if intent.seller is not None:
        return {"seller": intent.seller, "owed": debt_to_market(intent.seller, intent.currency)}
    return {"whose": intent.user, "after": queries.balance(intent.user, intent.currency) + amount}


def account_holder(intent: Intent) -> str:
    return str(intent.user) if intent.seller is None else localised_name(intent.seller, "name")


def booking_message(intent: Intent, amount: Money) -> str:
    values = {"amount": format_money(amount), "name": account_holder(intent)}
    if intent.seller is not None:
        return _("%(amount)s was booked as a payment of %(name)s.") % values
    return _("%(amount)s was added to the balance of %(name)s.") % values


@operator_required
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    intent = _intent(pk)
    try:
        refuse(intent, request.POST.get("opinion", ""), by=person(request), now=now_of(request))
    except IllegalTransition:
        messages.info(request, _("This transfer is decided already."))
    except Refused as refused:
        empty = ArrivalForm(currency=intent.currency, initial=_initial_values(intent))
        return _page(request, intent, empty, refused)
    else:
        messages.success(request, _("Not accepted. The payer sees the reason and can upload another receipt."))
    return redirect("console:transfer", pk)
