"""Buyers whose balance is below zero after a correction."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.paging import Page
from tradepost.market.payments.overdrawn import Overdrawn, accounts_in_debt
from tradepost.market.web.pages import Empty, Link, Listing, ListQuery, moment, money, page_link, time_range
from tradepost.market.web.pages.guards import operator_list

from .list_parts import LAYOUT, buyer_column


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Overdrawn]:
    del request
    return accounts_in_debt(since=query.since, until=query.until, after=after, size=size)


LISTING: Listing[Overdrawn, Overdrawn] = Listing(
    name="console:debts",
    title=_("Accounts in debt"),
    up=Link(words=_("Corrections"), page="console:corrections"),
    intro=_(
        "Buyers whose balance is below zero after a correction. Money that they add pays the debt first. "
        "The account leaves this list when the debt is paid."
    ),
    layout=LAYOUT,
    source=_source,
    columns=(
        buyer_column("account.user"),
        money(_("Debt"), "debt"),
        moment(_("Since"), "since"),
        page_link(
            _("Corrected booking"),
            "correction.transfer.reference",
            "console:booking",
            "correction.transfer_id",
            under="correction.reason",
            css="c-cell c-wrap",
            labelled=True,
        ),
    ),
    filters=(time_range(_("Since")),),
    empty=Empty(
        icon="circle-check",
        title=_("No accounts in debt"),
        text=_("An account appears here when a correction deducts money that its buyer has already spent."),
    ),
    no_fit=Empty(icon="search", title=_("No accounts found"), text=_("Try another time.")),
    file="accounts-in-debt",
)
index = operator_list(LISTING)
