"""Read buyers' accounts with a negative balance after a correction (decision 0107)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import F, OuterRef, QuerySet, Subquery
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page

from .correction_models import Correction
from .models import Account, Entry


class Overdrawn(Struct, frozen=True):
    """An account with a debt. ``began``: entry of the correction that made the balance negative."""

    account: Account
    began: Entry

    @property
    def debt(self) -> Money:
        return self.account.debt

    @property
    def since(self) -> datetime:
        return self.correction.at

    @property
    def correction(self) -> Correction:
        """Only corrections make a balance negative (``ledger.book``)."""
        return self.began.transfer.correction


_DEBT_ENTRIES = Entry.objects.filter(
    account=OuterRef("pk"), balance_after_minor__lt=0, balance_after_minor__gte=F("amount_minor")
).order_by("-pk")
"""Entries that changed a balance to negative."""


def overdrawn_accounts() -> QuerySet[Account]:
    """Select accounts with a negative balance, by their index."""
    return Account.objects.filter(balance_minor__lt=0).select_related("user")


def with_debt_start(accounts: Sequence[Account]) -> list[Overdrawn]:
    """Add the start and cause of the debt to each account, in one query."""
    rows = Account.objects.filter(pk__in=[account.pk for account in accounts])
    began = rows.annotate(began=Subquery(_DEBT_ENTRIES.values("pk")[:1])).values("began")
    entries = Entry.objects.filter(pk__in=began).select_related("transfer__correction__transfer")
    by_account: Mapping[int, Entry] = {entry.account_id: entry for entry in entries}
    return [Overdrawn(account, by_account[account.pk]) for account in accounts if account.pk in by_account]


def accounts_in_debt(
    *, since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Overdrawn]:
    """Return accounts with a debt, newest account first. ``since`` and ``until`` bound the start of the debt."""
    rows = overdrawn_accounts()
    if since is not None or until is not None:
        rows = rows.annotate(began_at=Subquery(_DEBT_ENTRIES.values("at")[:1]))
        rows = rows.filter(began_at__gte=since) if since is not None else rows
        rows = rows.filter(began_at__lt=until) if until is not None else rows
    account_page = page(rows, after=after, size=size)
    return Page(with_debt_start(account_page.rows), account_page.next_key)
