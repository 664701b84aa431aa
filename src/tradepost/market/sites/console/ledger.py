"""The ledger: received money and its distribution, all movements, and the check that the accounts balance."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page
from tradepost.market.base.values import replace
from tradepost.market.billing import queries as charge_check
from tradepost.market.invoices import invoice_check
from tradepost.market.metering import record_check
from tradepost.market.orders import refund_check
from tradepost.market.payments import ledger, queries, totals
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.payments.queries import Movement
from tradepost.market.payments.totals import Owed
from tradepost.market.settlement import settlement_check
from tradepost.market.web.access import now_of
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    choice,
    fragment,
    hidden,
    moment,
    money,
    or_404,
    page_link,
    search,
    text,
    time_range,
    with_link,
)
from tradepost.market.web.pages.guards import operator_list

from .list_parts import LAYOUT

KINDS: dict[Account.Kind, str | Promise] = {
    Account.Kind.BUYER: _("Buyers' balances"),
    Account.Kind.SELLER: _("Owed to sellers"),
    Account.Kind.CLEARING: _("Paid, held until delivery"),
    Account.Kind.SUSPENSE: _("Received, not matched to a buyer yet"),
    Account.Kind.HELD: _("Held for withdrawals"),
    Account.Kind.UNCOLLECTED: _("Due to sellers once buyers pay for usage"),
    Account.Kind.DEBT: _("Owed by buyers for usage"),
    Account.Kind.PAYABLE: _("To be paid out to sellers"),
    Account.Kind.FEE: _("The market's own fee"),
}


class TotalsLine(Struct, frozen=True):
    """A figure of the totals. ``url``: its entries."""

    words: str | Promise
    amount: Money
    url: str


class CurrencyTotals(Struct, frozen=True):
    """The totals of a currency."""

    books: totals.Books
    came_url: str
    lines: list[TotalsLine]


def _source(request: Any, query: ListQuery, after: str, size: int) -> Page[Movement]:
    """Return the movements of an account or a kind of account from a link, otherwise those that match the search.

    Raises ``Refused`` for a search within an account or kind, which no index supports.
    """
    if (query["account"] or query["kind"]) and _is_filtered(query):
        words = _("Transactions of an account cannot be filtered. Show all transactions to search.")
        raise Refused("ledger.filters", str(words), HTTPStatus.UNPROCESSABLE_ENTITY)
    request.movements_of = account = _account(query)  # for the heading, without another query
    if account is not None:
        return queries.movements_of_account(account, after=after, size=size)
    if (kind := _kind(query)) is not None:
        return queries.movements_of_kind(kind, query["currency"], after=after, size=size)
    filters = queries.TransferFilter(
        reference=query["q"], reason=query["reason"], since=query.since, until=query.until, backdated=config().sandbox
    )
    return queries.transfers(filters, after=after, size=size)


def _is_filtered(query: ListQuery) -> bool:
    return bool(query["q"] or query["reason"] or query.since or query.until or (query["account"] and query["kind"]))


def _account(query: ListQuery) -> Account | None:
    """Return the account. Raises ``Http404`` if it does not exist."""
    if not query["account"]:
        return None
    pk = whole_number(query["account"])
    return or_404(queries.find_account(pk) if pk is not None else None)


def _kind(query: ListQuery) -> Account.Kind | None:
    """Return the kind. Raises ``Http404`` for a kind with a single account, and for an unknown currency."""
    kind = query["kind"]
    if not kind:
        return None
    of_many = kind in {Account.Kind.BUYER, Account.Kind.SELLER} and query["currency"] in MINOR_DIGITS
    return or_404(Account.Kind(kind) if of_many else None)


def _totals_context(request: Any, query: ListQuery) -> dict[str, Any]:
    """Return the totals, which are stored sums. The check reads the whole ledger, so it runs only on request."""
    books, kind = [_currency_totals(book) for book in totals.books()], _kind(query)
    context: dict[str, Any] = {
        "result": _check_ledger() if "check" in request.GET else None,
        "books": books,
        "as_of": now_of(request),
        "of_account": getattr(request, "movements_of", None),
        "of_kind": KINDS[kind] if kind is not None else "",
    }
    if not books:
        context["nothing"] = NO_MONEY
    elif query["account"] or query["kind"]:
        context["nothing"] = LISTING.empty
    return context


def _name(account: Account) -> str:
    """Return the name of an account as shown on the page."""
    of = str(account.user) if account.user else localised_name(account.seller, "name") if account.seller else ""
    kind = _("Not matched to a buyer yet") if account.kind == Account.Kind.SUSPENSE else account.get_kind_display()
    return f"{kind} {of}".strip()


def _reason(row: Movement) -> str:
    """Return the reason as text. A payment of a seller's debt is not called a top-up."""
    is_top_up = row.transfer.reason in {Transfer.Reason.TOP_UP, Transfer.Reason.ASSIGNED}
    paid_in = is_top_up and row.target.kind == Account.Kind.SELLER
    return gettext("Paid in by the seller") if paid_in else row.transfer.get_reason_display()


def _actor(row: Movement) -> str | Promise:
    return _("the market") if row.transfer.actor == "market" else row.transfer.actor


NO_MONEY = Empty(
    icon="coin",
    title=_("No ledger transactions yet"),
    text=_("Confirm a transfer, or enter a top-up on a buyer's account page."),
    action=_("Transfers"),
    page="console:transfers",
)
LISTING: Listing[Movement, Movement] = Listing(
    name="console:ledger",
    title=_("Books"),
    intro=_("Each transaction consists of two entries that add up to zero and cannot be changed."),
    layout=LAYOUT,
    source=_source,
    columns=(
        fragment(_("Reason"), _reason, "console/parts/movement_reason.html", labelled=False),
        text(_("Reference"), "transfer.reference", on_page=False),
        text(_("Note"), "transfer.note", on_page=False),
        fragment(
            _("From and to"),
            lambda row: f"{_name(row.source)} → {_name(row.target)}",
            "console/parts/movement_accounts.html",
            css="c-cell",
        ),
        moment(_("When"), "at", under=_actor),
        text(_("Who"), lambda row: str(_actor(row)), on_page=False),
        money(_("Amount"), "amount", why=("console:order_explain", "transfer.order_number")),
    ),
    filters=(
        search(_("Order, order line or bank reference")),
        choice("reason", _("Reason"), Transfer.Reason.choices),
        time_range(),
        hidden("account"),
        hidden("kind"),
        hidden("currency"),
    ),
    empty=Empty(icon="search", title=_("No transactions found"), text=_("Transactions appear here.")),
    no_fit=Empty(
        icon="search",
        title=_("No transactions found"),
        text=_("Enter a complete order number or bank reference, or try another reason or time."),
    ),
    file="movements",
    links=(Link(words=_("Corrections"), page="console:corrections", icon="edit"),),
    template="console/ledger.html",
    also=_totals_context,
)
show = operator_list(LISTING)


def _currency_totals(books: totals.Books) -> CurrencyTotals:
    address, currency = reverse("console:ledger"), books.currency

    def url(kind: Account.Kind) -> str:
        pk = totals.accounts_of(kind).get(currency)
        return f"{address}?account={pk}#movements" if pk else ""

    urls = {
        Account.Kind.BUYER: f"{address}?kind=buyer&currency={currency}#movements",
        Account.Kind.SELLER: reverse("console:ledger_sellers"),
        Account.Kind.CLEARING: url(Account.Kind.CLEARING),
        Account.Kind.SUSPENSE: url(Account.Kind.SUSPENSE),
        Account.Kind.HELD: url(Account.Kind.HELD),
        **dict.fromkeys(totals.USAGE_KINDS, f"{address}?reason={Transfer.Reason.CHARGED}#movements"),
        Account.Kind.PAYABLE: f"{address}?reason={Transfer.Reason.SETTLED}#movements",
        Account.Kind.FEE: url(Account.Kind.FEE),
    }
    always = set(totals.OWED_KINDS) - {*totals.HELD_KINDS, *totals.USAGE_KINDS, *totals.SETTLED_KINDS}
    visible_totals = [total for total in books.owed if total.amount.minor or total.kind in always]
    lines = [TotalsLine(KINDS[total.kind], total.amount, urls[total.kind]) for total in visible_totals]
    return CurrencyTotals(books, url(Account.Kind.CASH), lines)


def _owed_to_sellers(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Owed]:
    del request, query
    return totals.owed_to_sellers(after=after, size=size)


def _as_of(request: HttpRequest) -> str:
    return render_to_string("console/parts/owed_as_of.html", {"at": now_of(request)})


def _total_owed_context(request: HttpRequest, query: ListQuery) -> dict[str, list[Money]]:
    del request, query
    return {
        "together": [
            total.amount for book in totals.books() for total in book.owed if total.kind == Account.Kind.SELLER
        ]
    }


SELLERS: Listing[Owed, Owed] = Listing(
    name="console:ledger_sellers",
    title=_("Owed to sellers"),
    up=Link(words=_("Books"), page="console:ledger"),
    intro=_as_of,
    layout=LAYOUT,
    source=_owed_to_sellers,
    sorts=False,  # balances have no age
    columns=(
        page_link(_("Seller"), "account.seller:name", "console:seller", "account.seller_id"),
        with_link(
            money(_("Owed"), "amount"), lambda row: f"{reverse('console:ledger')}?account={row.account.pk}#movements"
        ),
    ),
    empty=Empty(
        icon="coin",
        title=_("No seller has earned yet"),
        text=_("Sellers appear here when their first order is delivered."),
    ),
    file="owed-to-sellers",
    template="console/ledger_sellers.html",
    also=_total_owed_context,
)
sellers = operator_list(SELLERS)


def _check_ledger() -> ledger.Balance:
    """Check the ledger, and the objects for which it was booked."""
    books = ledger.verify()
    problems = (
        *books.problems,
        *refund_check.problems(),
        *charge_check.problems(),
        *record_check.problems(),
        *invoice_check.problems(),
        *settlement_check.problems(),
    )
    return replace(books, problems=problems)
