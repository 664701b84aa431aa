"""Totals of the books by kind of account, from stored sums, so that the cost does not grow with the number of buyers."""

from __future__ import annotations

from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page

from .models import Account, Entry

_BY_KIND = """
SELECT kind_currency, SUM(minor) FROM (
 SELECT kind || ' ' || currency AS kind_currency, summed_minor AS minor FROM payments_kindtotal
 UNION ALL
 SELECT (SELECT kind || ' ' || currency FROM payments_account WHERE id = booked.account_id), booked.minor FROM (
  SELECT account_id, SUM(amount_minor) AS minor FROM payments_entry
  WHERE id > %s AND id > (SELECT COALESCE(MAX(summed_through), 0) FROM payments_kindtotal) GROUP BY account_id
 ) AS booked
) AS together GROUP BY kind_currency
"""
"""A single statement, so that it sees each transfer completely or not at all while sums are advanced.

The parameter is the latest mark. Without it PostgreSQL would expect a third of all entries to be newer and join all
accounts, instead of looking up the few it needs.
"""
_LAST_SUMMED_ENTRY = "SELECT COALESCE(MAX(summed_through), 0) FROM payments_kindtotal"
USAGE_KINDS = (Account.Kind.UNCOLLECTED, Account.Kind.DEBT)
"""Sellers' uncollected amounts and buyers' debts for usage; they sum to zero."""
SETTLED_KINDS = (Account.Kind.PAYABLE, Account.Kind.FEE)
"""Approved statements: payouts to sellers and the market's fee."""
HELD_KINDS = (Account.Kind.HELD,)
"""Held for requested withdrawals."""
OWED_KINDS = (
    Account.Kind.BUYER,
    Account.Kind.SELLER,
    Account.Kind.CLEARING,
    Account.Kind.SUSPENSE,
    *HELD_KINDS,
    *USAGE_KINDS,
    *SETTLED_KINDS,
)
"""The market's debts and its own fee, in display order. Together they equal the received money less payments."""


class Total(Struct, frozen=True):
    """Total of all accounts of a kind."""

    kind: Account.Kind
    amount: Money


class Books(Struct, frozen=True):
    """Books of one currency: received money and where it is."""

    currency: str
    came: Money
    """Money at the market's bank: received less paid."""
    owed: tuple[Total, ...]

    @property
    def owed_together(self) -> Money:
        return Money(sum(total.amount.minor for total in self.owed), self.currency)

    @property
    def difference(self) -> Money:
        """Zero if the books balance."""
        return self.came - self.owed_together


class Owed(Struct, frozen=True):
    """Present balance of a seller."""

    account: Account
    amount: Money


def owed_to_sellers(*, after: str = "", size: int = 25) -> Page[Owed]:
    """Return balances by seller and currency, newest account first, in one query."""
    since = Entry.objects.filter(account=OuterRef("pk"), pk__gt=OuterRef("summed_through")).order_by().values("account")
    accounts = Account.objects.filter(kind=Account.Kind.SELLER).select_related("seller")
    with_balances = accounts.annotate(
        now=F("summed_minor") + Coalesce(Subquery(since.values_list(Sum("amount_minor"))), 0)
    )
    account_page = page(with_balances, after=after, size=size, along=("kind",))
    owed_sums = [Owed(row, Money(row.now, row.currency)) for row in account_page.rows]  # type: ignore[attr-defined]  # annotated
    return Page(owed_sums, account_page.next_key)


def accounts_of(kind: Account.Kind) -> dict[str, int]:
    """Return the keys of the market's own accounts of a kind, by currency; empty for kinds of buyers and sellers."""
    rows = Account.objects.filter(kind=kind, user=None, seller=None)
    return dict(rows.values_list("currency", "pk"))


def books() -> list[Books]:
    """Return the books by currency; empty if no money has moved."""
    [(summed_through,)] = rows.run(_LAST_SUMMED_ENTRY, [])
    sums = {tuple(key.split(" ")): int(minor) for key, minor in rows.run(_BY_KIND, [summed_through])}
    return [
        Books(
            currency,
            Money(-sums.get((Account.Kind.CASH, currency), 0), currency),
            tuple(Total(kind, Money(sums.get((kind, currency), 0), currency)) for kind in OWED_KINDS),
        )
        for currency in sorted({currency for _kind, currency in sums})
    ]
