"""Money by bank transfer: announced with an amount, shown by a proof, followed until it is on the balance."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.money_words import in_words
from tradepost.market.base.numbers import decimal_number
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.models import Order
from tradepost.market.payments import intents
from tradepost.market.payments.intent_lifecycle import INTENT, IntentEvent
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intent_queries import intent_of, intents_of
from tradepost.market.payments.queries import balance
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.status import vocabulary
from tradepost.market.web.transfers import account_now, checking, transfer_events, transfer_rules
from tradepost.market.web.uploads import ProofField, keep_proof, takes_pictures, uploaded_in

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def top_up(request: HttpRequest) -> HttpResponse:
    """The form that announces a transfer; ``?order=``: for an order that the balance does not reach, with what is missing."""
    account, order = account_now(), _order(request, request.POST.get("order") or request.GET.get("order", ""))
    if account is None or request.method != "POST":
        return _form(request, order, None)
    try:
        intent = intents.begin(
            person(request),
            _amount(request.POST.get("amount", "")),
            purpose=order.number if order else "",
            rules=transfer_rules(account),
            now=now_of(request),
        )
    except Refused as refused:
        return _form(request, order, refused)
    return redirect("storefront:transfer", number=intent.number)


def _amount(text: str) -> Money:
    """What was typed. Raises ``Refused`` beside its field."""
    currency = config().currency
    typed = decimal_number(text, digits=10, decimals=MINOR_DIGITS[currency])
    if typed is None:
        words = _("Write the amount in digits, for example 1200.50.")
        raise Refused("transfer.amount", words, HTTPStatus.BAD_REQUEST, field="amount")
    return Money.of(typed, currency)


def _form(request: HttpRequest, order: Order | None, refused: Refused | None) -> HttpResponse:
    account, currency = account_now(), config().currency
    context: dict[str, Any] = {"account": account, "order": order, "refused": refused, "currency": currency}
    if account is not None:
        rules, has = transfer_rules(account), balance(person(request), currency)
        lacks = order.total - has if order and has < order.total else None
        suggested = max(lacks.minor, rules.least.minor) if lacks else 0
        context |= {
            "rules": rules,
            "balance": has,
            "lacks": lacks,
            "typed": request.POST.get("amount", str(Money(suggested, currency).major) if suggested else ""),
        }
    return render(request, "storefront/top_up.html", context, status=refused.status if refused else 200)


def _order(request: HttpRequest, number: str) -> Order | None:
    """The buyer's own order that waits to be paid; nothing for any other."""
    order = buyer_order(person(request), number) if number else None
    waits = order is not None and order.status == Order.Status.UNPAID and now_of(request) < order.pay_before
    return order if waits else None


@buyer_required
@private
@require_safe
def transfers(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    context = {
        "page": intents_of(person(request), status=status, after=request.GET.get("after", "")),
        "status": status,
        "states": [(key, look) for key, look in vocabulary("intent") if key != Intent.Status.CREATED],
        "takes_transfers": account_now() is not None,
    }
    return render(request, "storefront/transfers.html", context)


@buyer_required
@private
@require_safe
def transfer(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, _own(request, number), None)


def _own(request: HttpRequest, number: str) -> Intent:
    found = intent_of(person(request), number)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, intent: Intent, refused: Refused | None) -> HttpResponse:
    proofs = intents.proofs_of(intent)
    context = {
        "intent": intent,
        "fact": getattr(intent, "fact", None),
        "pay_to": intent.pay_to,
        "proofs": proofs,
        "events": transfer_events(intent),
        "order": buyer_order(person(request), intent.purpose) if intent.purpose else None,
        "refused": refused,
        "upload": ProofField(
            name="proof", label=_("Receipt of the bank"), action="", asked_by={}, code="", required=True,
            error=refused.message if refused else "",
        ),
        "may_show_more": len(proofs) < intents.MOST_PROOFS,
    }  # fmt: skip
    return render(request, "storefront/transfer.html", context, status=refused.status if refused else 200)


@takes_pictures(0, proofs=1)
@buyer_required
@private
@require_POST
def proof(request: HttpRequest, number: str) -> HttpResponse:
    """Show a document of the transfer."""
    intent = _own(request, number)
    try:
        INTENT.after(intent.status, IntentEvent.PROOF)  # before the file is read
        intents.give_proof(intent, _handed_in(request), checking=checking(), now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This transfer takes no proof any more."))
    except Refused as refused:
        return _page(request, intent, refused)
    else:
        messages.success(request, _("Your proof is with the operator. You are told when the money is booked."))
    return redirect("storefront:transfer", number=number)


def _handed_in(request: HttpRequest) -> list[str]:
    """The hash of the document that came with the form; nothing where none did."""
    uploaded = uploaded_in(request, "proof")
    if uploaded is None:
        return []
    return [keep_proof(uploaded, seller=None, by=person(request), now=now_of(request), of_buyer=True).sha256]


proof.own_transactions = True  # type: ignore[attr-defined]  # hashing a document must not hold the lock of SQLite


@buyer_required
@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    intent = _own(request, number)
    try:
        intents.withdraw(intent, now=now_of(request))
    except IllegalTransition:
        messages.error(request, _("This transfer is not open any more."))
    else:
        said = _("The transfer of %(amount)s is withdrawn.") % {"amount": in_words(intent.amount)}
        messages.success(request, said)
    return redirect("storefront:transfer", number=number)
