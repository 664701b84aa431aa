"""How each amount of an order and of a service came about: from what was stored beside it, computed anew and compared (pure).

Whoever adds a type of order says in ``explain_prices.PRICED_BY`` how its lines are priced; whoever moves money in a new way adds
a function to ``MONEY``, and whoever gives it back one to ``GIVEN_BACK_FOR``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.payments.queries import Movement
from tradepost.market.subscriptions.models import Period

from .explain_prices import computed, prices, units
from .explained import Explained, Kind, OrderFacts, Part, at_moment, summed
from .models import Order, OrderLine
from .pricing import read_stored
from .refund_models import Refund, RefundLine


def explained(facts: OrderFacts) -> list[Explained]:
    """Every amount of the order, in the order in which they came about."""
    return [one for step in (prices, *MONEY) for one in step(facts)]


def for_seller(facts: OrderFacts) -> list[Explained]:
    """Of the lines that are given alone: another seller's are none of its business, nor is what the buyer paid in all."""
    return [*prices(facts), *earned(facts)]


# --- the order and its money --------------------------------------------------------------------------------------------


def total(facts: OrderFacts) -> Iterator[Explained]:
    parts = [Part(line.number, line.amount) for line in facts.lines]
    title = _("Total of order %(order)s") % {"order": facts.order.number}
    yield summed(Kind.TOTAL, title, facts.order.total, parts)


def quoted(facts: OrderFacts) -> Iterator[Explained]:
    """What is charged is what was shown."""
    quote = facts.quote
    if quote is None:
        return
    parts = [Part(units(one, quote.currency), computed(one, quote.currency)) for one in read_stored(quote.lines)]
    if not parts:  # of a fee, which is explained with its line
        parts = [Part(_("Shown at %(at)s") % {"at": at_moment(quote.made_at)}, quote.total)]
    yield summed(Kind.QUOTE, _("What was shown before it was ordered"), facts.order.total, parts)


def paid(facts: OrderFacts) -> Iterator[Explained]:
    order = facts.order
    if order.paid_at is None or not order.total_minor:
        return
    payments = [one for one in facts.movements if one.transfer.reason == Transfer.Reason.PAYMENT]
    parts = [Part(_("Taken from the buyer's balance"), one.amount) for one in payments]
    yield summed(Kind.PAID, _("Paid by the buyer"), order.total, parts)


def refunded(facts: OrderFacts) -> Iterator[Explained]:
    """What the ledger gave back, beside all that should have been."""
    back, parts = _given_back(facts), [part for cause in GIVEN_BACK_FOR for part in cause(facts)]
    if back or any(part.amount.minor for part in parts):
        yield summed(Kind.REFUND, _("Paid back to the buyer"), facts.money(back), parts)


def _given_back(facts: OrderFacts) -> int:
    return sum(one.amount.minor for one in facts.movements if one.target.kind == Account.Kind.BUYER)


def given_up(facts: OrderFacts) -> Iterator[Part]:
    """Paid back in full (business-rules §4.2), less what was before."""
    reduced_minor = sum(line.reduced_minor for line in facts.lines)
    if facts.order.status == Order.Status.REFUNDED and facts.order.total_minor and not facts.refund_lines:
        words = (
            _("It could not be delivered: what was left") if reduced_minor else _("It could not be delivered: in full")
        )
        yield Part(words, facts.money(facts.order.total_minor - reduced_minor))


def reduced(facts: OrderFacts) -> Iterator[Part]:
    """Its seller agreed to take less before it was delivered (business-rules §4.7)."""
    for line in facts.lines:
        if line.reduced_minor:
            yield Part(
                _("Agreed before the delivery, %(line)s") % {"line": line.number}, facts.money(line.reduced_minor)
            )


def never_begun(facts: OrderFacts) -> Iterator[Part]:
    """Paid time that was taken back before it began, without a refund of its own: the service ended (business-rules §4.7)."""
    for one in facts.periods:
        if one.cancelled_at is not None and one.earned_at is None and one.paid_minor and not _refunded(one, facts):
            yield Part(_("It never began: %(days)s") % {"days": _days(one)}, facts.money(one.paid_minor))


def _refunded(period: Period, facts: OrderFacts) -> bool:
    """Whether a refund took it back, which then paid for it."""
    return any(
        one.line.number == period.line_number and one.refund.decided_at == period.cancelled_at
        for one in facts.refund_lines
    )


def refunds(facts: OrderFacts) -> Iterator[Part]:
    """Unsubscribed by its buyer, or agreed on with the seller (business-rules §4.7)."""
    for one in facts.refund_lines:
        yield Part(_said_of(one), facts.money(one.back_minor))


def _said_of(one: RefundLine) -> str:
    about = {"kind": one.refund.get_kind_display(), "line": one.line.number}
    return _("%(kind)s, %(line)s") % about


type Cause = Callable[[OrderFacts], Iterable[Part]]
GIVEN_BACK_FOR: tuple[Cause, ...] = (reduced, given_up, never_begun, refunds)
"""Why money goes back to a buyer, each with what it comes to."""


def earned(facts: OrderFacts) -> Iterator[Explained]:
    """A line is its seller's when it was delivered, or when its paid time begins (business-rules §8.2); what is refunded then
    is taken back."""
    for line in facts.lines:
        parts = [Part(_booked(one), _to_seller(one)) for one in facts.movements if _of_seller(one, line)]
        if parts or (facts.order.status == Order.Status.COMPLETED and line.amount_minor):
            due = facts.money(_due(line, facts))
            yield summed(Kind.EARNED, _("What the seller has earned with %(line)s") % {"line": line.number}, due, parts)


def _due(line: OrderLine, facts: OrderFacts) -> int:
    bought = [one for one in facts.periods if one.line_number == line.number]
    had = sum(one.paid_minor for one in bought if one.earned_at is not None) if bought else line.left.minor
    back = sum(one.back_minor for one in facts.refund_lines if one.line.number == line.number)
    ahead = [one for one in bought if one.earned_at is None and one.cancelled_at is not None and _refunded(one, facts)]
    return had - (back - sum(one.paid_minor for one in ahead))


def _of_seller(movement: Movement, line: OrderLine) -> bool:
    ours = {movement.source.kind, movement.target.kind}
    reference = movement.transfer.reference
    about = reference.startswith(line.number) or reference.endswith(f"/{line.number}")
    return Account.Kind.SELLER in ours and about


def _to_seller(movement: Movement) -> Money:
    return movement.amount if movement.target.kind == Account.Kind.SELLER else -movement.amount


def _booked(movement: Movement) -> str:
    return str(movement.transfer.get_reason_display())


def held(facts: OrderFacts) -> Iterator[Explained]:
    """What the market keeps of the payment: all of it until it is delivered, then what was paid for time to come."""
    order = facts.order
    if order.paid_at is None or not order.total_minor:
        return
    ahead = [one for one in facts.periods if one.earned_at is None and one.cancelled_at is None]
    match order.status:
        case Order.Status.PROCESSING:
            expected = order.total_minor - sum(line.reduced_minor for line in facts.lines)
        case Order.Status.COMPLETED:
            expected = sum(one.paid_minor for one in ahead)
        case _:
            expected = 0
    parts = [Part(_booked(one), _into_clearing(one)) for one in facts.movements if _through_clearing(one)]
    yield summed(Kind.HELD, _("Still held by the market"), facts.money(expected), parts)


def _through_clearing(movement: Movement) -> bool:
    return Account.Kind.CLEARING in {movement.source.kind, movement.target.kind}


def _into_clearing(movement: Movement) -> Money:
    return movement.amount if movement.target.kind == Account.Kind.CLEARING else -movement.amount


def unsubscribed(facts: OrderFacts) -> Iterator[Explained]:
    """What an unsubscription paid back, of which lines; the money moved for the orders that had paid it."""
    refund = facts.refund
    if refund is not None and refund.status == Refund.Status.REFUNDED:
        parts = [Part(_said_of(one), facts.money(one.back_minor)) for one in refund.lines.all()]
        yield summed(Kind.REFUND, _("Paid back by this unsubscription"), refund.total, parts)


type Step = Callable[[OrderFacts], Iterable[Explained]]
MONEY: tuple[Step, ...] = (quoted, total, paid, refunded, unsubscribed, earned, held)
"""What is told of an order after the prices of its lines, in this order."""


# --- a service ----------------------------------------------------------------------------------------------------------


class ServiceFacts(Struct, frozen=True, kw_only=True):
    """A service with every order about it, the oldest first."""

    currency: str
    orders: Sequence[OrderFacts]
    periods: Sequence[Period]


def service_explained(facts: ServiceFacts) -> list[Explained]:
    """All that was paid for it and given back, what its paid time cost, and every amount of every order about it."""
    return [*_all_paid(facts), *_periods(facts), *(one for order in facts.orders for one in explained(order))]


def _periods(facts: ServiceFacts) -> Iterator[Explained]:
    lines = {line.number: line for order in facts.orders for line in order.lines}
    numbers = dict.fromkeys(one.line_number for one in facts.periods)
    for number in numbers:
        bought = [one for one in facts.periods if one.line_number == number]
        parts = [Part(_span(one), Money(one.paid_minor, one.currency)) for one in bought]
        title, line = _("Paid time bought with %(line)s") % {"line": number}, lines.get(number)
        if line is None:
            yield Explained(
                kind=Kind.PRICE, title=title, said=Money(sum(one.paid_minor for one in bought), facts.currency),
                parts=tuple(parts), note=_("The order that bought it is not known here."),
            )  # fmt: skip
        else:
            yield summed(Kind.PRICE, title, line.left, parts)


def _span(period: Period) -> str:
    return _days(period) if period.cancelled_at is None else _("%(days)s, taken back") % {"days": _days(period)}


def _days(period: Period) -> str:
    """In the market's zone, by whose calendar paid time is counted."""
    return f"{at_moment(period.starts_at)} – {at_moment(period.ends_at)}"


def _all_paid(facts: ServiceFacts) -> Iterator[Explained]:
    """Of orders that were paid and not given back: the sum of their totals is what left the buyer's balance for good."""
    kept = [one for one in facts.orders if one.order.paid_at is not None]
    said = sum(one.order.total_minor for one in kept)
    if not said:
        return
    parts = [
        Part(
            _("%(order)s, %(type)s") % {"order": one.order.number, "type": one.order.get_order_type_display()},
            one.money(taken),
        )
        for one in kept
        if (taken := sum(m.amount.minor for m in one.movements if m.transfer.reason == Transfer.Reason.PAYMENT))
    ]
    yield summed(Kind.PAID, _("Paid for this service in all"), Money(said, facts.currency), parts)
    back = sum(_given_back(one) for one in facts.orders)
    causes = [part for one in facts.orders for cause in GIVEN_BACK_FOR for part in cause(one)]
    if back or any(part.amount.minor for part in causes):
        yield summed(Kind.REFUND, _("Given back of it"), Money(back, facts.currency), causes)
