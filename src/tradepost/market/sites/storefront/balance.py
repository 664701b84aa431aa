"""The buyer's balance: what is there, what moved and when, as a page and as a file; and what is on its way."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.payments import statement
from tradepost.market.payments.intent_queries import open_intents_of
from tradepost.market.payments.queries import Booked, buyer_account
from tradepost.market.web.access import buyer_required, person
from tradepost.market.web.transfers import account_now

from .debt import debt_of

private = cache_control(private=True, no_store=True)
MARK = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""
RUNS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet."""


@buyer_required
@private
@require_safe
def balance(request: HttpRequest) -> HttpResponse:
    account, asked = buyer_account(person(request), config().currency), _asked(request)
    context = {
        "balance": account.balance if account else Money(0, config().currency),
        "debt": debt_of(person(request)),
        "page": statement.entries(account, asked, after=request.GET.get("after", "")),
        "asked": asked,
        "narrowed": bool(asked.kind or asked.first or asked.last),
        "kinds": [(kind.value, kind.label) for kind in statement.KINDS],
        "under_way": open_intents_of(person(request)),
        "takes_transfers": account_now() is not None,
    }
    return render(request, "storefront/balance.html", context)


@buyer_required
@private
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """What the page shows, all of it up to a limit, for a spreadsheet."""
    account = buyer_account(person(request), config().currency)
    booked, more = statement.to_export(account, _asked(request), most=config().balance_export_rows)
    out = StringIO()
    out.write(MARK)
    table = csv.writer(out)
    table.writerow([_("When"), _("What for"), _("Number"), _("Order"), _("Amount"), _("Balance after"), _("Currency")])
    table.writerows(_cells(one) for one in booked)
    if more:
        table.writerow([_("There is more: choose a shorter time.")])
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="balance.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _cells(booked: Booked) -> list[str]:
    transfer = booked.entry.transfer
    at = timezone.localtime(transfer.at).isoformat(sep=" ", timespec="seconds")
    texts = [at, str(booked.entry.get_statement_kind_display()), transfer.reference, transfer.order_number]
    amounts = [str(booked.amount.major), str(booked.after.major), booked.amount.currency]
    return [*map(_harmless, texts), *amounts]


def _harmless(text: str) -> str:
    """Text that a spreadsheet takes for text."""
    return f"'{text}" if text.startswith(RUNS) else text


def _asked(request: HttpRequest) -> statement.EntryFilter:
    kind = request.GET.get("kind", "")
    return statement.EntryFilter(
        zone=timezone.get_default_timezone(),
        kind=kind if kind in statement.KINDS else "",
        first=_day(request.GET.get("from", "")),
        last=_day(request.GET.get("to", "")),
    )


def _day(text: str) -> date | None:
    """A day as browsers send it, of a year that has all its days in every time zone; None for anything else."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and 2000 <= day.year <= 2999 else None
