"""The books: what came in and where it is, every movement of money, and the check that all of it adds up."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from msgspec import Struct

from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.billing import queries as charge_check
from tradepost.market.invoices import invoice_check
from tradepost.market.metering import record_check
from tradepost.market.orders import refund_check
from tradepost.market.payments import ledger, queries, totals
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.settlement import settlement_check
from tradepost.market.web.access import now_of, operator_required

KINDS: dict[Account.Kind, str | Promise] = {
    Account.Kind.BUYER: _("Buyers' balances"),
    Account.Kind.SELLER: _("Owed to sellers"),
    Account.Kind.CLEARING: _("Paid, held until delivery"),
    Account.Kind.SUSPENSE: _("Came, not matched to a buyer yet"),
    Account.Kind.UNCOLLECTED: _("Due to sellers once buyers pay for usage"),
    Account.Kind.DEBT: _("Owed by buyers for usage"),
    Account.Kind.PAYABLE: _("To be paid out to sellers"),
    Account.Kind.FEE: _("The market's own fee"),
}


class Line(Struct, frozen=True):
    """A figure of the totals; ``url``: the entries behind it."""

    words: str | Promise
    amount: Money
    url: str


class Shown(Struct, frozen=True):
    """The totals of one currency."""

    books: totals.Books
    came_url: str
    lines: list[Line]


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The check reads the whole ledger, so it runs when asked for and not on every visit; the totals are kept sums."""
    filters = queries.TransferFilter(reference=request.GET.get("q", "").strip(), reason=request.GET.get("reason", ""))
    context = {
        "result": _checked() if "check" in request.GET else None,
        "books": [_shown(one) for one in totals.books()],
        "as_of": now_of(request),
        "filters": filters,
        "reasons": Transfer.Reason.choices,
        **_movements(request, filters),
    }
    return render(request, "console/ledger.html", context)


def _movements(request: HttpRequest, filters: queries.TransferFilter) -> dict[str, Any]:
    """Those of one account or of one kind, where a figure led here; else those that are searched for."""
    after, pk = request.GET.get("after", ""), whole_number(request.GET.get("account", ""))
    if pk is not None:
        account = queries.find_account(pk)
        if account is None:
            raise Http404
        return {"page": queries.movements_of_account(account, after=after), "of_account": account}
    kind, currency = request.GET.get("kind", ""), request.GET.get("currency", "")
    if kind in (Account.Kind.BUYER, Account.Kind.SELLER) and currency in MINOR_DIGITS:
        known = Account.Kind(kind)
        return {"page": queries.movements_of_kind(known, currency, after=after), "of_kind": KINDS[known]}
    return {"page": queries.transfers(filters, after=after)}


def _shown(books: totals.Books) -> Shown:
    at, currency = reverse("console:ledger"), books.currency

    def url(kind: Account.Kind) -> str:
        pk = totals.accounts_of(kind).get(currency)
        return f"{at}?account={pk}#movements" if pk else ""

    urls = {
        Account.Kind.BUYER: f"{at}?kind=buyer&currency={currency}#movements",
        Account.Kind.SELLER: reverse("console:ledger_sellers"),
        Account.Kind.CLEARING: url(Account.Kind.CLEARING),
        Account.Kind.SUSPENSE: url(Account.Kind.SUSPENSE),
        **dict.fromkeys(totals.USAGE, f"{at}?reason={Transfer.Reason.CHARGED}#movements"),
        Account.Kind.PAYABLE: f"{at}?reason={Transfer.Reason.SETTLED}#movements",
        Account.Kind.FEE: url(Account.Kind.FEE),
    }
    always = set(totals.OWED) - {*totals.USAGE, *totals.SETTLED}
    shown = [total for total in books.owed if total.amount.minor or total.kind in always]
    lines = [Line(KINDS[total.kind], total.amount, urls[total.kind]) for total in shown]
    return Shown(books, url(Account.Kind.CASH), lines)


@operator_required
@require_safe
def sellers(request: HttpRequest) -> HttpResponse:
    """What each seller is owed, and what all of them are."""
    context = {
        "page": totals.owed_to_sellers(after=request.GET.get("after", "")),
        "together": [t.amount for one in totals.books() for t in one.owed if t.kind == Account.Kind.SELLER],
        "as_of": now_of(request),
    }
    return render(request, "console/ledger_sellers.html", context)


def _checked() -> ledger.Balance:
    """The books, and the refunds that they are booked for."""
    books = ledger.verify()
    found = (
        *books.problems,
        *refund_check.problems(),
        *charge_check.problems(),
        *record_check.problems(),
        *invoice_check.problems(),
        *settlement_check.problems(),
    )
    return replace(books, problems=found)
