"""Data types of explanations: a stored amount, its parts, and their sum (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils import timezone
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.payments.queries import Movement
from tradepost.market.subscriptions.models import Period

from .models import Order, OrderLine, Quote
from .refund_models import Refund, RefundLine


class Kind(StrEnum):
    """Kind of an amount, which decides who may see it."""

    PRICE = "price"
    TOTAL = "total"
    QUOTE = "quote"
    PAID = "paid"
    REFUND = "refund"
    EARNED = "earned"
    HELD = "held"
    CHARGE = "charge"
    """Charge for usage (``billing``)."""


class Verdict(StrEnum):
    SAME = "same"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """The inputs were not stored, or the kind is unknown."""


BUYER_KINDS = frozenset({Kind.PRICE, Kind.TOTAL, Kind.QUOTE, Kind.PAID, Kind.REFUND})
SELLER_KINDS = frozenset({Kind.PRICE, Kind.EARNED})
OPERATORS = frozenset(Kind)


class Part(Struct, frozen=True):
    """One part of a sum: its description and amount."""

    words: str
    amount: Money
    rule: str = ""
    """Exact calculation of a rounded factor in ``words``."""


class ExplainedAmount(Struct, frozen=True, kw_only=True):
    """An explained amount. ``said``: the stored amount. ``recomputed``: the sum of the parts; None without parts."""

    kind: Kind
    title: str
    said: Money
    parts: tuple[Part, ...] = ()
    recomputed: Money | None = None
    note: str = ""
    """Further information, such as the expiry of a quote or why inputs are missing."""

    @property
    def verdict(self) -> Verdict:
        if self.recomputed is None:
            return Verdict.UNKNOWN
        return Verdict.SAME if self.recomputed == self.said else Verdict.DIFFERS


class OrderFacts(Struct, frozen=True, kw_only=True):
    """Stored data of an order. ``lines`` have their offers; ``periods``: paid periods that the lines bought."""

    order: Order
    lines: Sequence[OrderLine]
    movements: Sequence[Movement] = ()
    """Transfers of the order's money, oldest first."""
    periods: Sequence[Period] = ()
    quote: Quote | None = None
    refund_lines: Sequence[RefundLine] = ()
    """Refunded lines, each with its refund; paid refunds only."""
    refund: Refund | None = None
    """Refund of an unsubscription, with its lines."""

    @property
    def currency(self) -> str:
        return self.order.currency

    def money(self, minor: int) -> Money:
        return Money(minor, self.order.currency)


def sum_of_parts(kind: Kind, title: str, amount: Money, parts: Iterable[Part], *, note: str = "") -> ExplainedAmount:
    """Return the amount explained by the sum of its parts."""
    all_parts = tuple(parts)
    total = Money(sum(part.amount.minor for part in all_parts), amount.currency)
    return ExplainedAmount(kind=kind, title=title, said=amount, parts=all_parts, recomputed=total, note=note)


def amount_without_parts(kind: Kind, title: str, amount: Money, note: str) -> ExplainedAmount:
    return ExplainedAmount(kind=kind, title=title, said=amount, note=note)


def format_moment(at: datetime) -> str:
    local = at.astimezone(timezone.get_default_timezone())
    hours = (local.utcoffset() or timedelta()) / timedelta(hours=1)
    return f"{local:%Y-%m-%d %H:%M} UTC{hours:+g}"
