"""What a seller reads of settlement: its statements, one with its lines, and what stands on none yet."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet, Sum
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .fee import Inputs, read_inputs
from .models import OF_THE_SELLER, SettlementItem, Statement, StatementLine


class Explained(Struct, frozen=True):
    """A line with all that its fee was computed from."""

    line: StatementLine
    inputs: Inputs
    paid: Money
    """For the product in the month that the share goes by."""
    before: Money
    fee_before: Money

    @property
    def whole(self) -> Money:
        """With what stood on earlier statements."""
        return self.before + self.line.base

    @property
    def whole_fee(self) -> Money:
        return self.fee_before + self.line.fee

    @property
    def percent(self) -> str:
        return f"{self.line.rate * 100:f}".rstrip("0").rstrip(".")

    @property
    def share_percent(self) -> str:
        return f"{self.inputs.share * 100:f}".rstrip("0").rstrip(".")

    @property
    def increment_percent(self) -> str:
        """Empty where there is none."""
        return f"{self.inputs.increment * 100:f}".rstrip("0").rstrip(".") if self.inputs.increment else ""

    @property
    def usage_month(self) -> date | None:
        """Of usage, the month in which it was used; None for an order line."""
        if self.line.subscription_id is None:
            return None
        month = self.line.source.rpartition(":")[2]
        return date(int(month[:4]), int(month[4:6]), 1)


def statements_of(seller: Seller, *, status: str = "", after: str = "", size: int = 25) -> Page[Statement]:
    own = Statement.objects.filter(seller=seller)
    return page(own.filter(status=status) if status else own, after=after, size=size)


def statement_of(seller: Seller, pk: int) -> Statement | None:
    return Statement.objects.select_related("seller", "paid").filter(seller=seller, pk=pk).first()


def waiting_for(seller: Seller) -> Count:
    """How many wait for this seller: to be agreed to, or paid to an account that the bank does not know."""
    return count_up_to(Statement.objects.filter(seller=seller, status__in=OF_THE_SELLER))


def _lines(statement: Statement) -> QuerySet[StatementLine]:
    found = StatementLine.objects.filter(statement=statement)
    return found.select_related("statement", "product", "line__order", "subscription")


def lines_of(statement: Statement, *, after: str = "", size: int = 25) -> Page[Explained]:
    found = page(_lines(statement), after=after, size=size)
    return Page([explained(line) for line in found.rows], found.next_key)


def all_lines(statement: Statement, *, most: int) -> tuple[list[Explained], bool]:
    """In the order in which they were settled, at most so many, and whether there are more."""
    found = list(_lines(statement).order_by("pk")[: most + 1])
    return [explained(line) for line in found[:most]], len(found) > most


def explained(line: StatementLine) -> Explained:
    inputs, currency = read_inputs(line.inputs), line.statement.currency
    return Explained(
        line, inputs, Money(inputs.paid_minor, currency), Money(inputs.before_minor, currency),
        Money(inputs.fee_before_minor, currency),
    )  # fmt: skip


def not_settled(seller: Seller) -> list[Money]:
    """What stands on no statement yet, as far as it was taken up; one sum a currency."""
    still = SettlementItem.objects.filter(seller=seller, statement=None).order_by().values_list("currency")
    sums = still.annotate(total=Sum("minor")).order_by("currency")
    return [Money(total, currency) for currency, total in sums]


def open_items(seller: Seller, *, after: str = "", size: int = 25) -> Page[SettlementItem]:
    """The same one by one, the latest first."""
    still = SettlementItem.objects.filter(seller=seller, statement=None)
    return page(
        still.select_related("product", "line__order", "subscription", "entry__transfer"), after=after, size=size
    )
