"""Statements: what the seller earned, what the market keeps of it and why, and how the rest is paid out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.base.money import Money
from tradepost.market.identity.certify import certification_of
from tradepost.market.identity.menus import Menu
from tradepost.market.settlement import agree, seller_queries
from tradepost.market.settlement.fee_invoices import to_invoice
from tradepost.market.settlement.models import Statement
from tradepost.market.web.settlement_events import statement_events
from tradepost.market.web.settlement_tables import statement_file
from tradepost.market.web.status import vocabulary

from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TRADE)
def index(request: SellerRequest) -> HttpResponse:
    status, settings = request.GET.get("status", ""), config()
    certified = certification_of(request.seller)
    return show(
        request,
        "seller_center/settlements.html",
        page=seller_queries.statements_of(request.seller, status=status, after=request.GET.get("after", "")),
        chosen=status,
        states=vocabulary("statement"),
        not_settled=seller_queries.not_settled(request.seller),
        minimum=Money(settings.payout_minimum_minor, settings.currency),
        day=settings.settlement_day,
        certified=certified if certified is not None and certified.certified_at else None,
    )


@require_safe
@seller_page(menu=Menu.TRADE)
def open_items(request: SellerRequest) -> HttpResponse:
    """What stands on no statement yet."""
    return show(
        request, "seller_center/settlement_open.html", sums=seller_queries.not_settled(request.seller),
        page=seller_queries.open_items(request.seller, after=request.GET.get("after", "")),
    )  # fmt: skip


def _own(request: SellerRequest, pk: int) -> Statement:
    return found(seller_queries.statement_of(request.seller, pk))


@require_safe
@seller_page(menu=Menu.TRADE)
def detail(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk))


def _page(request: SellerRequest, statement: Statement, refused: Refused | None = None) -> HttpResponse:
    free = statement.status == Statement.Status.PAID and any(
        one.pk == statement.pk for one in to_invoice(request.seller)
    )
    return show(
        request,
        "seller_center/settlement.html",
        status=refused.status if refused else 200,
        statement=statement,
        page=seller_queries.lines_of(statement, after=request.GET.get("after", "")),
        events=statement_events(statement),
        may_invoice=free,
        owner=request.rights.owner,
        now=request.now,
        refused=refused,
        form="reject",
        typed=request.POST.get("reason", ""),
    )


@require_POST
@seller_page(menu=Menu.TRADE, owner=True)
def sign(request: SellerRequest, pk: int) -> HttpResponse:
    """Agree: what binds the company, its owner does."""
    try:
        agree.sign(_own(request, pk), actor=request.user.email, now=request.now)
    except IllegalTransition:
        messages.error(request, _("Somebody was faster: this is what became of it."))
    else:
        messages.success(request, _("Agreed to. The market pays it to your certified account."))
    return redirect("seller_center:settlement", pk)


@require_POST
@seller_page(menu=Menu.TRADE, owner=True)
def reject(request: SellerRequest, pk: int) -> HttpResponse:
    try:
        agree.reject(_own(request, pk), request.POST.get("reason", ""), by=request.user, now=request.now)
    except IllegalTransition:
        messages.error(request, _("Somebody was faster: this is what became of it."))
    except Refused as refused:
        return _page(request, _own(request, pk), refused)
    else:
        messages.success(request, _("Rejected. An operator reads why and answers you."))
    return redirect("seller_center:settlement", pk)


@require_safe
@seller_page(menu=Menu.TRADE)
def export(request: SellerRequest, pk: int, kind: str) -> HttpResponse:
    """The lines of a statement as a table."""
    return statement_file(_own(request, pk), kind)
