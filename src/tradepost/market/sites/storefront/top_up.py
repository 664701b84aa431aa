"""Top-up by bank transfer: announce an amount, submit a proof, follow the booking."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.models import Order
from tradepost.market.payments import intents
from tradepost.market.payments.intent_lifecycle import INTENT, IntentEvent
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intent_queries import intent_of, intents_of
from tradepost.market.payments.queries import balance
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.pages import Empty, Link, Listing, choice, moment, money, page_link, state, time_range
from tradepost.market.web.pages.guards import buyer_act, buyer_form, buyer_list, buyer_page
from tradepost.market.web.status import state_choices
from tradepost.market.web.transfers import (
    check_deadline,
    parse_amount,
    receiving_account,
    transfer_corrections,
    transfer_events,
    transfer_rules,
)
from tradepost.market.web.uploads import ProofField, keep_proof, takes_pictures, uploaded_file


@buyer_form
def top_up(request: HttpRequest) -> HttpResponse:
    """Announce a transfer. ``?order=``: an order that the balance does not cover, with the missing amount."""
    account, order = (
        receiving_account(),
        _unpaid_order(request, request.POST.get("order") or request.GET.get("order", "")),
    )
    if account is None or request.method != "POST":
        return _form(request, order, None)
    try:
        intent = intents.announce(
            person(request),
            parse_amount(request.POST.get("amount", "")),
            purpose=order.number if order else "",
            rules=transfer_rules(account),
            now=now_of(request),
        )
    except Refused as refused:
        return _form(request, order, refused)
    return redirect("storefront:transfer", number=intent.number)


def _form(request: HttpRequest, order: Order | None, refused: Refused | None) -> HttpResponse:
    account, currency = receiving_account(), config().currency
    context: dict[str, Any] = {"account": account, "order": order, "refused": refused, "currency": currency}
    if account is not None:
        rules, buyer_balance = transfer_rules(account), balance(person(request), currency)
        lacks = order.total - buyer_balance if order and buyer_balance < order.total else None
        suggested = max(lacks.minor, rules.least.minor) if lacks else 0
        context |= {
            "rules": rules,
            "balance": buyer_balance,
            "lacks": lacks,
            "typed": request.POST.get("amount", str(Money(suggested, currency).major) if suggested else ""),
        }
    return render(request, "storefront/top_up.html", context)


def _unpaid_order(request: HttpRequest, number: str) -> Order | None:
    """Return the buyer's unpaid order, or None."""
    order = buyer_order(person(request), number) if number else None
    is_payable = order is not None and order.status == Order.Status.UNPAID and now_of(request) < order.pay_before
    return order if is_payable else None


def _order_label(intent: Intent) -> str:
    return _("For order %(number)s") % {"number": intent.purpose} if intent.purpose else ""


LISTING: Listing[Intent, Intent] = Listing(
    name="storefront:transfers",
    title=gettext_lazy("My transfers"),
    up=Link(words=gettext_lazy("Balance"), page="storefront:balance"),
    layout="storefront/layout.html",
    source=lambda request, query, after, size: intents_of(
        person(request), status=query["status"], within=query.within, after=after, size=size
    ),
    columns=(
        page_link(
            gettext_lazy("Reference number"),
            "number",
            "storefront:transfer",
            "number",
            under=_order_label,
            css="tp-whole",
        ),
        moment(gettext_lazy("Announced"), "created_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "intent"),
    ),
    filters=(
        choice(
            "status",
            gettext_lazy("State"),
            lambda _request: [(key, words) for key, words in state_choices("intent") if key != Intent.Status.CREATED],
        ),
        time_range(),
    ),
    empty=Empty(
        icon="wallet",
        title=gettext_lazy("No transfers yet"),
        text=gettext_lazy("Bank transfers that you announce appear here."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No transfers found"),
        text=gettext_lazy("Try another state or time."),
        action=gettext_lazy("Show all transfers"),
        page="storefront:transfers",
    ),
    links=(
        Link(
            words=gettext_lazy("Top up by transfer"),
            page="storefront:top_up",
            icon="plus",
            primary=True,
            may=lambda _request: receiving_account() is not None,
        ),
    ),
    size=20,
    file="transfers",
)
transfers = buyer_list(LISTING)


@buyer_page
def transfer(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, _own_transfer(request, number), None)


def _own_transfer(request: HttpRequest, number: str) -> Intent:
    intent = intent_of(person(request), number)
    if intent is None:
        raise Http404
    return intent


def _page(request: HttpRequest, intent: Intent, refused: Refused | None) -> HttpResponse:
    proofs = intents.proofs_of(intent)
    context = {
        "intent": intent,
        "fact": getattr(intent, "fact", None),
        "pay_to": intent.pay_to,
        "proofs": proofs,
        "events": transfer_events(intent),
        "corrections": transfer_corrections(intent),
        "order": buyer_order(person(request), intent.purpose) if intent.purpose else None,
        "refused": refused,
        "upload": ProofField(
            name="proof", label=_("Bank receipt"), action="", asked_by={}, code="", required=True,
            error=refused.message if refused else "",
        ),
        "may_show_more": len(proofs) < intents.MAX_PROOFS,
    }  # fmt: skip
    return render(request, "storefront/transfer.html", context)


@takes_pictures(0, proofs=1)
@buyer_act
def proof(request: HttpRequest, number: str) -> HttpResponse:
    """Submit a proof of the transfer."""
    intent = _own_transfer(request, number)
    try:
        INTENT.after(intent.status, IntentEvent.PROOF)  # checked before the file is read
        intents.add_proofs(intent, _submitted_proofs(request), checking=check_deadline(), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This transfer no longer accepts a receipt."))
    except Refused as refused:
        return _page(request, intent, refused)
    else:
        messages.success(
            request, _("Your proof was submitted to the operator. You will be notified when the money is booked.")
        )
    return redirect("storefront:transfer", number=number)


def _submitted_proofs(request: HttpRequest) -> list[str]:
    """Return the hash of the submitted document; empty without one."""
    upload = uploaded_file(request, "proof")
    if upload is None:
        return []
    return [keep_proof(upload, seller=None, by=person(request), now=now_of(request), of_buyer=True).sha256]


proof.own_transactions = True  # type: ignore[attr-defined]  # hashing a document must not hold SQLite's write lock


@buyer_required
@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    intent = _own_transfer(request, number)
    try:
        intents.withdraw(intent, now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This transfer is already closed."))
    else:
        message = _("The transfer of %(amount)s was withdrawn.") % {"amount": format_money(intent.amount)}
        messages.success(request, message)
    return redirect("storefront:transfer", number=number)
