"""The buyer's balance: amounts, bookings as a page and as a file, and pending transfers and withdrawals."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.base.table_files import Cell
from tradepost.market.payments import statement
from tradepost.market.payments.intent_queries import open_intents_of
from tradepost.market.payments.queries import BookedEntry, buyer_account
from tradepost.market.payments.withdrawal_queries import open_withdrawals_of
from tradepost.market.web.access import person
from tradepost.market.web.pages.downloads import table_response
from tradepost.market.web.pages.guards import buyer_page
from tradepost.market.web.templatetags.names import booking_of, charge_of
from tradepost.market.web.transfers import receiving_account

from .debt import find_debt


@buyer_page
def balance(request: HttpRequest) -> HttpResponse:
    account, filters = buyer_account(person(request), config().currency), _entry_filter(request)
    context = {
        "balance": account.balance if account else Money(0, config().currency),
        "owed": account.debt if account else None,
        "debt": find_debt(person(request)),
        "page": statement.entries(account, filters, after=request.GET.get("after", "")),
        "asked": filters,
        "narrowed": bool(filters.kind or filters.first or filters.last),
        "kinds": [(kind.value, kind.label) for kind in statement.STATEMENT_KINDS],
        "held": open_withdrawals_of(person(request)),
        "under_way": open_intents_of(person(request)),
        "takes_transfers": receiving_account() is not None,
    }
    return render(request, "storefront/balance.html", context)


@buyer_page
def export(request: HttpRequest) -> HttpResponse:
    """Return the bookings that match the filters as a file, up to a limit."""
    account = buyer_account(person(request), config().currency)
    entries, more = statement.entries_to_export(
        account, _entry_filter(request), most=config().payments.balance_export_rows
    )
    head = [_("When"), _("Transaction type"), _("Number"), _("Order"), _("Amount"), _("Balance after"), _("Currency")]
    rows = [_cells(entry) for entry in entries]
    if more:
        rows.append([_("There are more entries. Choose a shorter time range.")])
    return table_response(head, rows, "balance", "csv")


def _cells(booked: BookedEntry) -> list[Cell]:
    transfer = booked.entry.transfer
    charge = charge_of(transfer)
    booking = booking_of(transfer)
    number = booking.reference if booking else transfer.reference
    number = number if charge is None else _("Usage charge %(number)s") % {"number": charge}
    return [
        transfer.at, str(booked.entry.get_statement_kind_display()), number, transfer.order_number,
        booked.amount.major, booked.after.major, booked.amount.currency,
    ]  # fmt: skip


def _entry_filter(request: HttpRequest) -> statement.EntryFilter:
    kind = request.GET.get("kind", "")
    return statement.EntryFilter(
        zone=timezone.get_default_timezone(),
        kind=kind if kind in statement.STATEMENT_KINDS else "",
        first=_day(request.GET.get("from", "")),
        last=_day(request.GET.get("to", "")),
    )


def _day(text: str) -> date | None:
    """Parse a day in the format of browsers, within years that exist in every time zone; None for other text."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and 2000 <= day.year <= 2999 else None
