"""Payments to the market: a seller's bank transfer for a debt after refunds (business-rules §8.2)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.base.values import replace
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.payments import intents
from tradepost.market.payments.intent_lifecycle import INTENT, IntentEvent
from tradepost.market.payments.intent_models import Intent
from tradepost.market.payments.intent_queries import open_repayment_of, repayment_of, repayments_of
from tradepost.market.settlement.debt import debt_of_seller
from tradepost.market.settlement.rules import policy_of
from tradepost.market.web.pages import Empty, Link, Listing, moment, money, page_link, state, time_range
from tradepost.market.web.transfers import (
    check_deadline,
    parse_amount,
    receiving_account,
    transfer_corrections,
    transfer_events,
    transfer_rules,
)
from tradepost.market.web.uploads import ProofField, keep_proof, takes_pictures, uploaded_file

from .frame import SellerRequest, or_404, seller_list, seller_page, show

LISTING: Listing[Intent, Intent] = Listing(
    name="seller_center:repayments",
    title=gettext_lazy("Payments to the market"),
    up=Link(words=gettext_lazy("Statements"), page="seller_center:settlements"),
    layout="seller_center/layout.html",
    source=lambda request, query, after, size: repayments_of(
        request.seller, within=query.within, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("Reference number"), "number", "seller_center:repayment", "number", css="tp-whole"),
        moment(gettext_lazy("Announced"), "created_at"),
        money(gettext_lazy("Amount"), "amount"),
        state(gettext_lazy("State"), "intent"),
    ),
    filters=(time_range(),),
    empty=Empty(
        icon="wallet",
        title=gettext_lazy("No payments yet"),
        text=gettext_lazy("If refunds exceed your earnings, you can pay the difference. Your payments appear here."),
        action=gettext_lazy("Statements"),
        page="seller_center:settlements",
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No payments found"), text=gettext_lazy("Try another time.")),
    file="payments-to-the-market",
)
index = seller_list(LISTING, menu=Menu.TRADE)


def debt_context(seller: Seller) -> dict[str, Any]:
    """Return the context of the statements page: the debt and an open payment."""
    return {"owed": _debt(seller), "repayment": open_repayment_of(seller)}


def _debt(seller: Seller) -> Money:
    settings = config()
    return debt_of_seller(seller, settings.currency, policy_of(settings.settlement))


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TRADE, write=True)
def repay(request: SellerRequest) -> HttpResponse:
    """Show the form that announces a transfer, and process it."""
    account, debt = receiving_account(), _debt(request.seller)
    if request.method != "POST" or account is None or not debt.minor:
        return _form(request, debt, None)
    rules = replace(transfer_rules(account), least=Money(1, debt.currency), most=debt)
    try:
        amount = parse_amount(request.POST.get("amount", ""))
        intent = intents.announce(request.user, amount, seller=request.seller, rules=rules, now=request.now)
    except Refused as refused:
        return _form(request, debt, _with_limit(refused, debt))
    return redirect("seller_center:repayment", number=intent.number)


def _with_limit(refused: Refused, owed: Money) -> Refused:
    """Rewrite the refusal of an amount with the limit that applies here."""
    if refused.code != "transfer.amount":
        return refused
    words = _("Enter an amount up to %(owed)s in digits, for example 1200.50.") % {"owed": format_money(owed)}
    return Refused(refused.code, words, HTTPStatus.UNPROCESSABLE_ENTITY, field="amount")


def _form(request: SellerRequest, owed: Money, refused: Refused | None) -> HttpResponse:
    return show(
        request, "seller_center/repay.html", account=receiving_account(), owed=owed, refused=refused,
        typed=request.POST.get("amount", str(owed.major)),
    )  # fmt: skip


@require_safe
@seller_page(menu=Menu.TRADE)
def repayment(request: SellerRequest, number: str) -> HttpResponse:
    return _page(request, _own_repayment(request, number), None)


def _own_repayment(request: SellerRequest, number: str) -> Intent:
    return or_404(repayment_of(request.seller, number))


def _page(request: SellerRequest, intent: Intent, refused: Refused | None) -> HttpResponse:
    proofs = intents.proofs_of(intent)
    return show(
        request,
        "seller_center/repayment.html",
        intent=intent,
        fact=getattr(intent, "fact", None),
        pay_to=intent.pay_to,
        proofs=proofs,
        events=transfer_events(intent),
        corrections=transfer_corrections(intent),
        refused=refused,
        upload=ProofField(
            name="proof", label=_("Bank receipt"), action="", asked_by={}, code="", required=True,
            error=refused.message if refused else "",
        ),
        may_show_more=len(proofs) < intents.MAX_PROOFS,
    )  # fmt: skip


@takes_pictures(0, proofs=1)
@require_POST
@seller_page(menu=Menu.TRADE)
def proof(request: SellerRequest, number: str) -> HttpResponse:
    """Upload the bank's receipt."""
    intent = _own_repayment(request, number)
    try:
        INTENT.after(intent.status, IntentEvent.PROOF)  # checked before the file is read
        intents.add_proofs(
            intent, _submitted_proofs(request), checking=check_deadline(), now=request.now, by=request.user
        )
    except IllegalTransition:
        messages.error(request, _("This payment no longer accepts receipts."))
    except Refused as refused:
        return _page(request, intent, refused)
    else:
        messages.success(request, _("Receipt uploaded. You are notified when the payment is booked."))
    return redirect("seller_center:repayment", number=number)


def _submitted_proofs(request: SellerRequest) -> list[str]:
    """Return the hash of the submitted document; empty without one."""
    file = uploaded_file(request, "proof")
    if file is None:
        return []
    return [keep_proof(file, seller=request.seller, by=request.user, now=request.now).sha256]


proof.own_transactions = True  # type: ignore[attr-defined]  # hashing a document must not hold SQLite's write lock


@require_POST
@seller_page(menu=Menu.TRADE)
def withdraw(request: SellerRequest, number: str) -> HttpResponse:
    intent = _own_repayment(request, number)
    try:
        intents.withdraw(intent, now=request.now, by=request.user)
    except IllegalTransition:
        messages.error(request, _("This payment is already closed."))
    else:
        message = _("The payment of %(amount)s was withdrawn.") % {"amount": format_money(intent.amount)}
        messages.success(request, message)
    return redirect("seller_center:repayment", number=number)
