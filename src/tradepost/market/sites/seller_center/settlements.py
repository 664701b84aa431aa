"""Statements: the seller's earnings, the market's fee with its calculation, and the payout."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page
from tradepost.market.identity.certify import certification_of
from tradepost.market.identity.menus import Menu
from tradepost.market.settlement import agree, seller_queries
from tradepost.market.settlement.fee_invoices import to_invoice
from tradepost.market.settlement.models import Statement
from tradepost.market.web.pages import Empty, Link, Listing, ListQuery, fragment, money, page_link, states
from tradepost.market.web.settlement_events import statement_events
from tradepost.market.web.settlement_tables import statement_file
from tradepost.market.web.status import look

from .frame import SellerRequest, or_404, seller_list, seller_page, show
from .repayments import debt_context


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[Statement]:
    return seller_queries.statements_of(request.seller, status=query["status"], after=after, size=size)


def _intro(request: SellerRequest) -> str:
    del request
    words = _("The statement of the previous month is issued on day %(day)s of each month, or the next working day.")
    return words % {"day": config().settlement.settlement_day}


def _extra_context(request: SellerRequest, query: ListQuery) -> dict[str, Any]:
    """Return the amounts not yet settled, the seller's debt, and the account for payouts."""
    del query
    settings, certified = config(), certification_of(request.seller)
    return {
        "not_settled": seller_queries.open_amounts(request.seller),
        **debt_context(request.seller),
        "may_pay": request.rights.changes(Menu.TRADE),
        "minimum": Money(settings.settlement.payout_minimum_minor, settings.currency),
        "certified": certified if certified is not None and certified.certified_at else None,
    }


LISTING: Listing[Statement, Statement] = Listing(
    name="seller_center:settlements",
    title=gettext_lazy("Statements"),
    intro=_intro,
    layout="seller_center/layout.html",
    template="seller_center/settlements.html",
    source=_source,
    columns=(
        page_link(
            gettext_lazy("Month"), lambda row: f"{row.month:%Y-%m}", "seller_center:settlement", "pk", under="number", css="tp-whole"
        ),
        money(gettext_lazy("Earned"), "gross"),
        money(gettext_lazy("Fee"), "fee"),
        money(gettext_lazy("Payout"), "net"),
        fragment(
            gettext_lazy("State"), lambda row: str(look("statement", row.status).label), "seller_center/parts/statement_state.html",
            labelled=False,
        ),
    ),
    filters=(states("statement"),),
    empty=Empty(
        icon="receipt",
        title=gettext_lazy("No statements yet"),
        text=gettext_lazy(
            "The first statement is issued at the beginning of the month after your earnings reach the minimum."),
    ),
    no_fit=Empty(
        icon="receipt",
        title=gettext_lazy("No statements found"),
        text=gettext_lazy("Show all statements to see the others."),
    ),
    links=(Link(words=gettext_lazy("Fee invoices"), page="seller_center:fee_invoices", icon="file-invoice"),),
    file="statements",
    also=_extra_context,
)  # fmt: skip
index = seller_list(LISTING, menu=Menu.TRADE)


@require_safe
@seller_page(menu=Menu.TRADE)
def open_items(request: SellerRequest) -> HttpResponse:
    """Show the amounts that are not on a statement yet."""
    return show(
        request, "seller_center/settlement_open.html", sums=seller_queries.open_amounts(request.seller),
        page=seller_queries.open_items(request.seller, after=request.GET.get("after", "")),
    )  # fmt: skip


def _own_statement(request: SellerRequest, pk: int) -> Statement:
    return or_404(seller_queries.statement_of(request.seller, pk))


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own_statement(request, pk))


def _page(request: SellerRequest, statement: Statement, refused: Refused | None = None) -> HttpResponse:
    may_invoice = statement.status == Statement.Status.PAID and any(
        candidate.pk == statement.pk for candidate in to_invoice(request.seller)
    )
    return show(
        request,
        "seller_center/settlement.html",
        statement=statement,
        page=seller_queries.lines_of(statement, after=request.GET.get("after", "")),
        events=statement_events(statement),
        may_invoice=may_invoice,
        owner=request.rights.owner,
        now=request.now,
        refused=refused,
        form="reject",
        typed=request.POST.get("reason", ""),
    )


@require_POST
@seller_page(menu=Menu.TRADE, owner=True)
def sign(request: SellerRequest, pk: int) -> HttpResponse:
    """Agree to a statement. Only the owner may, because it binds the company."""
    try:
        agree.sign(_own_statement(request, pk), actor=request.user.email, now=request.now)
    except IllegalTransition:
        messages.error(request, _("Someone else has already processed this request. The current state is shown below."))
    else:
        messages.success(request, _("Agreed. The market pays it to your certified account."))
    return redirect("seller_center:settlement", pk)


@require_POST
@seller_page(menu=Menu.TRADE, owner=True)
def reject(request: SellerRequest, pk: int) -> HttpResponse:
    try:
        agree.reject(_own_statement(request, pk), request.POST.get("reason", ""), by=request.user, now=request.now)
    except IllegalTransition:
        messages.error(request, _("Someone else has already processed this request. The current state is shown below."))
    except Refused as refused:
        return _page(request, _own_statement(request, pk), refused)
    else:
        messages.success(request, _("Rejected. An operator will read your reason and reply."))
    return redirect("seller_center:settlement", pk)


@require_safe
@seller_page(menu=Menu.TRADE)
def export(request: SellerRequest, pk: int, kind: str) -> HttpResponse:
    """Return the lines of a statement as a file."""
    return statement_file(_own_statement(request, pk), kind)
