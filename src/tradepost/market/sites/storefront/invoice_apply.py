"""Apply for an invoice, one question at a time: of which seller, which orders and usage, what type, made out to whom, sent where.

What was answered stands in the address, so that *back* works and nothing is kept meanwhile; only the last step sends.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods
from msgspec import Struct, field

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.invoices.apply import LONGEST_REMARK, MOST_ORDERS, Application
from tradepost.market.invoices.apply import apply as carry_out
from tradepost.market.invoices.models import InvoiceTitle, InvoiceType
from tradepost.market.invoices.patience import patience_of
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
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.seller_contact import contact_of

private = cache_control(private=True, no_store=True)
RECEIVER = ("email", "phone", "name", "address")


class Chosen(Struct, frozen=True):
    """What was answered so far; an answer that does not fit is asked for again."""

    seller: Seller | None = None
    orders: list[Candidate] = field(default_factory=list)
    usage: list[UsageCandidate] = field(default_factory=list)
    invoice_type: InvoiceType | None = None
    title: InvoiceTitle | None = None
    offered: frozenset[InvoiceType] = frozenset()
    gone: list[Candidate] = field(default_factory=list)
    """Orders that were chosen and cannot be invoiced, or not any more."""
    gone_usage: list[UsageCandidate] = field(default_factory=list)
    mixed: bool = False
    """Amounts in another currency were chosen, too; they are left out."""

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
        """One of those that are chosen."""
        return self.orders[0].line.product if self.orders else self.usage[0].month.subscription.product

    @property
    def total(self) -> Money | None:
        all_amounts = [*(one.amount for one in self.orders), *(one.amount for one in self.usage)]
        amounts = [amount for amount in all_amounts if amount is not None]
        return sum(amounts[1:], start=amounts[0]) if amounts else None

    def query(self, *answers: str) -> str:
        """The address of a page with these answers."""
        query = QueryDict(mutable=True)
        if self.seller is not None and "seller" in answers:
            query["seller"] = str(self.seller.pk)
        if "orders" in answers:
            query.setlist("order", [one.line.order.number for one in self.orders])
            query.setlist("usage", [one.month.key for one in self.usage])
        if self.invoice_type is not None and "type" in answers:
            query["type"] = self.invoice_type.value
        return query.urlencode()


@buyer_required
@private
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    answers = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(person(request), answers, now=now_of(request))
    if request.method != "POST":
        return _page(request, chosen, _mixed() if chosen.mixed else None)
    if chosen.step != "send" or chosen.mixed:
        return _page(request, chosen, _mixed() if chosen.mixed else _gone())
    try:
        invoice = carry_out(
            person(request), _wanted(request, chosen), patience=patience_of(config()), a_day=config().invoices_a_day,
            now=now_of(request),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, chosen, refused)
    messages.success(request, _("You applied. You are told as soon as the seller has issued the invoice."))
    return redirect("storefront:invoice", pk=invoice.pk)


def _mixed() -> Refused:
    return Refused("invoice.currencies", _("An invoice is in one currency. Choose again."))


def _gone() -> Refused:
    """An order, title or type that was chosen is gone since, for example by another tab."""
    return Refused("invoice.gone", _("Something you chose is no longer available. Choose again."))


def _chosen(buyer: User, answers: QueryDict, *, now: datetime) -> Chosen:
    orders, usage = _orders(buyer, answers), _usage(buyer, answers, now)
    first = orders[0].line.seller if orders else usage[0].month.seller if usage else None
    seller = first or _seller(buyer, answers.get("seller", ""))
    if seller is None:
        return Chosen()
    orders = [one for one in orders if one.line.seller_id == seller.pk]
    usage = [one for one in usage if one.month.seller_id == seller.pk]
    offered = offered_by(seller)
    kind = next((one for one in offered if one.value == answers.get("type")), None)
    title = _title(buyer, answers.get("title", ""))
    if kind is not None and kind.special and title is not None and not title.complete:
        title = None
    amounts = [*(one.amount for one in orders), *(one.amount for one in usage)]
    found = [amount.currency for amount in amounts if amount is not None]
    return Chosen(
        seller=seller, orders=[one for one in orders if one.amount is not None and one.amount.currency == found[0]],
        usage=[one for one in usage if one.amount is not None and one.amount.currency == found[0]],
        invoice_type=kind, title=title, offered=offered, mixed=len(set(found)) > 1,
        gone=[one for one in orders if one.amount is None], gone_usage=[one for one in usage if one.amount is None],
    )  # fmt: skip


def _orders(buyer: User, answers: QueryDict) -> list[Candidate]:
    numbers = list(dict.fromkeys(answers.getlist("order")))[:MOST_ORDERS]
    found = candidates_of(buyer, numbers) if numbers else []
    if len(found) != len(numbers):
        raise Http404  # another's order does not exist here
    return found


def _usage(buyer: User, answers: QueryDict, now: datetime) -> list[UsageCandidate]:
    keys = list(dict.fromkeys(answers.getlist("usage")))[:MOST_ORDERS]
    found = usage_candidates_of(buyer, keys, now=now) if keys else []
    if len(found) != len(keys):
        raise Http404
    return found


def _seller(buyer: User, said: str) -> Seller | None:
    """The one that was chosen, or the only one that there is."""
    sellers = sellers_to_ask(buyer)
    pk = whole_number(said)
    if pk is None:
        return sellers[0] if len(sellers) == 1 else None
    return next((one for one in sellers if one.pk == pk), None)


def _title(buyer: User, said: str) -> InvoiceTitle | None:
    pk = whole_number(said)
    return None if pk is None else InvoiceTitle.objects.filter(buyer=buyer, pk=pk).first()


def _wanted(request: HttpRequest, chosen: Chosen) -> Application:
    if chosen.invoice_type is None or chosen.title is None:
        raise LookupError("asked for at the last step alone")
    shown = whole_number(request.POST.get("amount", ""))
    return Application(
        orders=tuple(one.line.order.number for one in chosen.orders),
        usage=tuple(one.month.key for one in chosen.usage),
        invoice_type=chosen.invoice_type.value,
        title=chosen.title.pk,
        title_digest=request.POST.get("title_digest", ""),
        receiver=InvoiceReceiver(**{name: request.POST.get(name, "") for name in RECEIVER}),
        remark=request.POST.get("remark", ""),
        amount_minor=-1 if shown is None else shown,
    )


def _page(request: HttpRequest, chosen: Chosen, refused: Refused | None) -> HttpResponse:
    context: dict[str, Any] = {
        "chosen": chosen,
        "steps": _steps(chosen),
        "refused": refused,
        "courier_free": Money(config().invoice_courier_free_minor, "CNY"),
        "days": config().invoice_seller_days,
        "seller": chosen.seller,
        **_of_step(request, chosen),
    }
    return render(
        request, "storefront/invoice_apply.html", context, status=refused.status if refused else HTTPStatus.OK
    )


def _of_step(request: HttpRequest, chosen: Chosen) -> dict[str, Any]:
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
                "types": [(one, one in chosen.offered) for one in InvoiceType],
                "back": chosen.query("seller"),
                "contact": contact_of(chosen.seller, chosen.product) if chosen.seller else None,
            }
        case "title":
            special = chosen.invoice_type is not None and chosen.invoice_type.special
            return {
                "titles": [(one, one.complete or not special) for one in titles_of(buyer)],
                "special": special,
                "back": chosen.query("orders"),
                "so_far": chosen.query("orders", "type"),
            }
    typed = {name: request.POST.get(name, "") for name in (*RECEIVER, "remark")}
    if request.method != "POST":
        typed |= {"email": buyer.email, "phone": buyer.phone, "name": buyer.name}
    return {
        "typed": typed, "back": chosen.query("orders", "type"), "longest_remark": LONGEST_REMARK,
    }  # fmt: skip


def _steps(chosen: Chosen) -> list[dict[str, str]]:
    names = {
        "orders": _("Orders and usage"), "type": _("Type"), "title": _("Made out to"), "send": _("Sent to"),
    }  # fmt: skip
    order = list(names)
    at = order.index(chosen.step) if chosen.step in names else 0
    states = ["done"] * at + ["current"] + ["todo"] * (len(order) - at - 1)
    return [{"label": names[name], "state": state} for name, state in zip(order, states, strict=True)]
