"""What an explanation is: an amount as it stands, the parts that it is made of, and their sum (pure)."""

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
    """What an amount is, and so whose page it belongs to."""

    PRICE = "price"
    TOTAL = "total"
    QUOTE = "quote"
    PAID = "paid"
    REFUND = "refund"
    EARNED = "earned"
    HELD = "held"
    CHARGE = "charge"
    """Of usage (``billing``)."""


class Verdict(StrEnum):
    SAME = "same"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """What it was computed from was not kept, or nobody here knows this kind."""


BUYERS = frozenset({Kind.PRICE, Kind.TOTAL, Kind.QUOTE, Kind.PAID, Kind.REFUND})
SELLERS = frozenset({Kind.PRICE, Kind.EARNED})
OPERATORS = frozenset(Kind)


class Part(Struct, frozen=True):
    """One step of a sum, in words, and what it adds."""

    words: str
    amount: Money


class Explained(Struct, frozen=True, kw_only=True):
    """``said``: the amount as it stands. ``recomputed``: from the parts; None where they were not kept."""

    kind: Kind
    title: str
    said: Money
    parts: tuple[Part, ...] = ()
    recomputed: Money | None = None
    note: str = ""
    """What else one must know: until when a quote stood, why nothing was kept."""

    @property
    def verdict(self) -> Verdict:
        if self.recomputed is None:
            return Verdict.UNKNOWN
        return Verdict.SAME if self.recomputed == self.said else Verdict.DIFFERS


class OrderFacts(Struct, frozen=True, kw_only=True):
    """What is stored of an order. ``lines`` with their offers; ``periods``: paid time that they bought."""

    order: Order
    lines: Sequence[OrderLine]
    movements: Sequence[Movement] = ()
    """How its money moved, oldest first."""
    periods: Sequence[Period] = ()
    quote: Quote | None = None
    refund_lines: Sequence[RefundLine] = ()
    """What was paid back of these lines, each with its refund; only what is paid."""
    refund: Refund | None = None
    """That of an unsubscription, with its lines."""

    @property
    def currency(self) -> str:
        return self.order.currency

    def money(self, minor: int) -> Money:
        return Money(minor, self.order.currency)


def summed(kind: Kind, title: str, said: Money, parts: Iterable[Part], *, note: str = "") -> Explained:
    """The amount beside the sum of its parts."""
    given = tuple(parts)
    total = Money(sum(part.amount.minor for part in given), said.currency)
    return Explained(kind=kind, title=title, said=said, parts=given, recomputed=total, note=note)


def not_kept(kind: Kind, title: str, said: Money, note: str) -> Explained:
    return Explained(kind=kind, title=title, said=said, note=note)


def at_moment(at: datetime) -> str:
    local = at.astimezone(timezone.get_default_timezone())
    hours = (local.utcoffset() or timedelta()) / timedelta(hours=1)
    return f"{local:%Y-%m-%d %H:%M} UTC{hours:+g}"
