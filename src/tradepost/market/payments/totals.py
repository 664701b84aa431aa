"""What the market's books hold by kind of account, in a few rows: read from kept sums, so that it costs the same with a million
buyers."""

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
"""One statement, so that it sees each transfer whole or not at all, though the sums may be moved on meanwhile. The number says how
far they were just before: without it PostgreSQL takes a third of all entries to be later, and prepares for that. It would join all
accounts, and looks them up one by one where they are asked for one by one."""
_SUMMED = "SELECT COALESCE(MAX(summed_through), 0) FROM payments_kindtotal"
USAGE = (Account.Kind.UNCOLLECTED, Account.Kind.DEBT)
"""What sellers wait for and what buyers owe them for usage: no money came for it yet, and the two are nothing together."""
SETTLED = (Account.Kind.PAYABLE, Account.Kind.FEE)
"""Of statements that sellers agreed to: what goes out to them, and what stays the market's own."""
OWED = (Account.Kind.BUYER, Account.Kind.SELLER, Account.Kind.CLEARING, Account.Kind.SUSPENSE, *USAGE, *SETTLED)
"""What the market owes others, and at the end its own fee, in the order in which it is shown; against it stands what came from
outside, less what went out again."""


class Total(Struct, frozen=True):
    """All accounts of a kind."""

    kind: Account.Kind
    amount: Money


class Books(Struct, frozen=True):
    """Of one currency: what came from outside, and where it is."""

    currency: str
    came: Money
    """What is at the market's bank: what came in less what went out."""
    owed: tuple[Total, ...]

    @property
    def owed_together(self) -> Money:
        return Money(sum(total.amount.minor for total in self.owed), self.currency)

    @property
    def difference(self) -> Money:
        """Nothing, when the books add up."""
        return self.came - self.owed_together


class Owed(Struct, frozen=True):
    """What a seller is owed now."""

    account: Account
    amount: Money


def owed_to_sellers(*, after: str = "", size: int = 25) -> Page[Owed]:
    """By seller and currency, those who earned last for the first time first; in one question."""
    since = Entry.objects.filter(account=OuterRef("pk"), pk__gt=OuterRef("summed_through")).order_by().values("account")
    accounts = Account.objects.filter(kind=Account.Kind.SELLER).select_related("seller")
    now = accounts.annotate(now=F("summed_minor") + Coalesce(Subquery(since.values_list(Sum("amount_minor"))), 0))
    found = page(now, after=after, size=size, along=("kind",))
    owed = [Owed(one, Money(one.now, one.currency)) for one in found.rows]  # type: ignore[attr-defined]  # as annotated
    return Page(owed, found.next_key)


def accounts_of(kind: Account.Kind) -> dict[str, int]:
    """Keys of the market's own accounts of a kind, by currency; nothing for buyers and sellers, who have one each."""
    rows = Account.objects.filter(kind=kind, user=None, seller=None)
    return dict(rows.values_list("currency", "pk"))


def books() -> list[Books]:
    """By currency; empty where no money has moved."""
    [(summed,)] = rows.run(_SUMMED, [])
    found = {tuple(both.split(" ")): int(minor) for both, minor in rows.run(_BY_KIND, [summed])}
    return [
        Books(
            currency,
            Money(-found.get((Account.Kind.CASH, currency), 0), currency),
            tuple(Total(kind, Money(found.get((kind, currency), 0), currency)) for kind in OWED),
        )
        for currency in sorted({currency for _kind, currency in found})
    ]
