"""Apply for an invoice in steps: seller, orders and usage, type, title, delivery.

The answers are in the address, so the browser's back button works and nothing is stored. Only the last step submits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from msgspec import Struct, field

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.invoices.apply import MAX_ORDERS, MAX_REMARK_LENGTH, Application
from tradepost.market.invoices.apply import apply as carry_out
from tradepost.market.invoices.deadlines import deadline_of
from tradepost.market.invoices.models import InvoiceTitle, InvoiceType
from tradepost.market.invoices.queries import (
    Candidate,
    UsageCandidate,
    candidates,
    candidates_of,
    sellers_to_ask,
    usage_candidates,
    usage_candidates_of,
)
from tradepost.market.invoices.receiver import InvoiceReceiver
from tradepost.market.invoices.titles import titles_of
from tradepost.market.invoices.types import offered_by
from tradepost.market.web.access import now_of, person
from tradepost.market.web.pages.guards import buyer_form
from tradepost.market.web.seller_contact import contact_of

RECEIVER_FIELDS = ("email", "phone", "name", "address")


class Answers(Struct, frozen=True):
    """Answers so far. Invalid answers are asked again."""

    seller: Seller | None = None
    orders: list[Candidate] = field(default_factory=list)
    usage: list[UsageCandidate] = field(default_factory=list)
    invoice_type: InvoiceType | None = None
    title: InvoiceTitle | None = None
    offered: frozenset[InvoiceType] = frozenset()
    gone: list[Candidate] = field(default_factory=list)
    """Chosen orders that cannot be invoiced (any more)."""
    gone_usage: list[UsageCandidate] = field(default_factory=list)
    mixed: bool = False
    """Whether amounts in another currency were chosen; they are left out."""

    @property
    def step(self) -> str:
        if self.seller is None:
            return "seller"
        if not self.orders and not self.usage:
            return "orders"
        if self.invoice_type is None:
            return "type"
        return "title" if self.title is None else "send"

    @property
    def product(self) -> Product:
        """Return one of the chosen products."""
        return self.orders[0].line.product if self.orders else self.usage[0].month.subscription.product

    @property
    def total(self) -> Money | None:
        all_amounts = [*(order.amount for order in self.orders), *(candidate.amount for candidate in self.usage)]
        amounts = [amount for amount in all_amounts if amount is not None]
        return sum(amounts[1:], start=amounts[0]) if amounts else None

    def query(self, *answers: str) -> str:
        """Return the query string of a page with these answers."""
        query = QueryDict(mutable=True)
        if self.seller is not None and "seller" in answers:
            query["seller"] = str(self.seller.pk)
        if "orders" in answers:
            query.setlist("order", [order.line.order.number for order in self.orders])
            query.setlist("usage", [candidate.month.key for candidate in self.usage])
        if self.invoice_type is not None and "type" in answers:
            query["type"] = self.invoice_type.value
        return query.urlencode()


@buyer_form
def apply(request: HttpRequest) -> HttpResponse:
    answers = request.POST if request.method == "POST" else request.GET
    chosen = _valid_answers(person(request), answers, now=now_of(request))
    if request.method != "POST":
        return _page(request, chosen, _mixed_currencies() if chosen.mixed else None)
    if chosen.step != "send" or chosen.mixed:
        return _page(request, chosen, _mixed_currencies() if chosen.mixed else _choice_unavailable())
    try:
        invoice = carry_out(
            person(request), _application(request, chosen), patience=deadline_of(config().invoices), a_day=config().invoices.invoices_a_day,
            now=now_of(request),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, chosen, refused)
    messages.success(request, _("Application submitted. You will be notified when the seller has issued the invoice."))
    return redirect("storefront:invoice", pk=invoice.pk)


def _mixed_currencies() -> Refused:
    return Refused("invoice.currencies", _("An invoice can use only one currency. Choose again."))


def _choice_unavailable() -> Refused:
    """Return the refusal for a choice that is no longer available, for example because of another tab."""
    return Refused("invoice.gone", _("One of your choices is no longer available. Choose again."))


def _valid_answers(buyer: User, answers: QueryDict, *, now: datetime) -> Answers:
    orders, usage = _orders(buyer, answers), _usage(buyer, answers, now)
    chosen_seller = orders[0].line.seller if orders else usage[0].month.seller if usage else None
    seller = chosen_seller or _seller(buyer, answers.get("seller", ""))
    if seller is None:
        return Answers()
    orders = [order for order in orders if order.line.seller_id == seller.pk]
    usage = [candidate for candidate in usage if candidate.month.seller_id == seller.pk]
    offered = offered_by(seller)
    invoice_type = next((option for option in offered if option.value == answers.get("type")), None)
    title = _title(buyer, answers.get("title", ""))
    if invoice_type is not None and invoice_type.special and title is not None and not title.complete:
        title = None
    amounts = [*(order.amount for order in orders), *(candidate.amount for candidate in usage)]
    currencies = [amount.currency for amount in amounts if amount is not None]
    return Answers(
        seller=seller,
        orders=[order for order in orders if order.amount is not None and order.amount.currency == currencies[0]],
        usage=[
            candidate for candidate in usage
            if candidate.amount is not None and candidate.amount.currency == currencies[0]
        ],
        invoice_type=invoice_type, title=title, offered=offered, mixed=len(set(currencies)) > 1,
        gone=[order for order in orders if order.amount is None],
        gone_usage=[candidate for candidate in usage if candidate.amount is None],
    )  # fmt: skip


def _orders(buyer: User, answers: QueryDict) -> list[Candidate]:
    numbers = list(dict.fromkeys(answers.getlist("order")))[:MAX_ORDERS]
    candidates = candidates_of(buyer, numbers) if numbers else []
    if len(candidates) != len(numbers):
        raise Http404  # orders of other buyers do not exist here
    return candidates


def _usage(buyer: User, answers: QueryDict, now: datetime) -> list[UsageCandidate]:
    keys = list(dict.fromkeys(answers.getlist("usage")))[:MAX_ORDERS]
    usage_candidates = usage_candidates_of(buyer, keys, now=now) if keys else []
    if len(usage_candidates) != len(keys):
        raise Http404
    return usage_candidates


def _seller(buyer: User, text: str) -> Seller | None:
    """Return the chosen seller, or the only one."""
    sellers = sellers_to_ask(buyer)
    pk = whole_number(text)
    if pk is None:
        return sellers[0] if len(sellers) == 1 else None
    return next((seller for seller in sellers if seller.pk == pk), None)


def _title(buyer: User, text: str) -> InvoiceTitle | None:
    pk = whole_number(text)
    return None if pk is None else InvoiceTitle.objects.filter(buyer=buyer, pk=pk).first()


def _application(request: HttpRequest, chosen: Answers) -> Application:
    if chosen.invoice_type is None or chosen.title is None:
        raise LookupError("asked for at the last step alone")
    amount_minor = whole_number(request.POST.get("amount", ""))
    return Application(
        orders=tuple(order.line.order.number for order in chosen.orders),
        usage=tuple(candidate.month.key for candidate in chosen.usage),
        invoice_type=chosen.invoice_type.value,
        title=chosen.title.pk,
        title_digest=request.POST.get("title_digest", ""),
        receiver=InvoiceReceiver(**{name: request.POST.get(name, "") for name in RECEIVER_FIELDS}),
        remark=request.POST.get("remark", ""),
        amount_minor=-1 if amount_minor is None else amount_minor,
    )


def _page(request: HttpRequest, chosen: Answers, refused: Refused | None) -> HttpResponse:
    context: dict[str, Any] = {
        "chosen": chosen,
        "steps": _steps(chosen),
        "refused": refused,
        "courier_free": Money(config().invoices.invoice_courier_free_minor, "CNY"),
        "days": config().invoices.invoice_seller_days,
        "seller": chosen.seller,
        **_step_context(request, chosen),
    }
    return render(request, "storefront/invoice_apply.html", context)


def _step_context(request: HttpRequest, chosen: Answers) -> dict[str, Any]:
    buyer = person(request)
    match chosen.step:
        case "seller":
            return {"sellers": sellers_to_ask(buyer)}
        case "orders":
            assert chosen.seller is not None
            months = usage_candidates(
                buyer, chosen.seller, now=now_of(request), after=request.GET.get("usage_after", "")
            )  # fmt: skip
            return {"page": candidates(buyer, chosen.seller, after=request.GET.get("after", "")), "months": months}
        case "type":
            return {
                "types": [(invoice_type, invoice_type in chosen.offered) for invoice_type in InvoiceType],
                "back": chosen.query("seller"),
                "contact": contact_of(chosen.seller, chosen.product) if chosen.seller else None,
            }
        case "title":
            special = chosen.invoice_type is not None and chosen.invoice_type.special
            return {
                "titles": [(title, title.complete or not special) for title in titles_of(buyer)],
                "special": special,
                "back": chosen.query("orders"),
                "so_far": chosen.query("orders", "type"),
            }
    typed = {name: request.POST.get(name, "") for name in (*RECEIVER_FIELDS, "remark")}
    if request.method != "POST":
        typed |= {"email": buyer.email, "phone": buyer.phone, "name": buyer.name}
    return {
        "typed": typed, "back": chosen.query("orders", "type"), "longest_remark": MAX_REMARK_LENGTH,
    }  # fmt: skip


def _steps(chosen: Answers) -> list[dict[str, str]]:
    names = {
        "orders": _("Orders and usage"), "type": _("Type"), "title": _("Bill to"), "send": _("Sent to"),
    }  # fmt: skip
    order = list(names)
    position = order.index(chosen.step) if chosen.step in names else 0
    states = ["done"] * position + ["current"] + ["todo"] * (len(order) - position - 1)
    return [{"label": names[name], "state": state} for name, state in zip(order, states, strict=True)]
