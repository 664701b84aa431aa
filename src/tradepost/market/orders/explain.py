"""Explain the amounts of an order or a service: compute them again from stored data and compare (pure functions).

A new order type registers how its lines are priced in ``explain_prices.LINE_PRICINGS``. A new kind of money movement adds a
function to ``MONEY_STEPS``, and a new reason for refunds one to ``REFUND_CAUSES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.payments.queries import Movement
from tradepost.market.subscriptions.models import Period

from .explain_prices import priced_parts, prices
from .explained import ExplainedAmount, Kind, OrderFacts, Part, format_moment, sum_of_parts
from .models import Order, OrderLine
from .pricing import read_stored
from .refund_models import Refund, RefundLine


def explain_order(facts: OrderFacts) -> list[ExplainedAmount]:
    """Return every amount of the order, in the order of their origin."""
    return [amount for step in (prices, *MONEY_STEPS) for amount in step(facts)]


def explain_for_seller(facts: OrderFacts) -> list[ExplainedAmount]:
    """Return the amounts that a seller may see: prices and earnings of the given lines."""
    return [*prices(facts), *earnings(facts)]


# --- the order and its money ---


def order_total(facts: OrderFacts) -> Iterator[ExplainedAmount]:
    parts = [Part(line.number, line.amount) for line in facts.lines]
    title = _("Total of order %(order)s") % {"order": facts.order.number}
    yield sum_of_parts(Kind.TOTAL, title, facts.order.total, parts)


def quoted_total(facts: OrderFacts) -> Iterator[ExplainedAmount]:
    """Compare the charged total with the quote."""
    quote = facts.quote
    if quote is None:
        return
    parts = priced_parts(read_stored(quote.lines), quote.currency)
    if not parts:  # a change fee, which is explained with its line
        parts = [Part(_("Shown at %(at)s") % {"at": format_moment(quote.made_at)}, quote.total)]
    yield sum_of_parts(Kind.QUOTE, _("Quote shown before the order"), facts.order.total, parts)


def paid_amount(facts: OrderFacts) -> Iterator[ExplainedAmount]:
    order = facts.order
    if order.paid_at is None or not order.total_minor:
        return
    payments = [movement for movement in facts.movements if movement.transfer.reason == Transfer.Reason.PAYMENT]
    parts = [Part(_("Taken from the buyer's balance"), payment.amount) for payment in payments]
    yield sum_of_parts(Kind.PAID, _("Paid by the buyer"), order.total, parts)


def refunded(facts: OrderFacts) -> Iterator[ExplainedAmount]:
    """Compare the refunds in the ledger with all expected refunds."""
    refunded_minor, parts = _refunded_minor(facts), [part for cause in REFUND_CAUSES for part in cause(facts)]
    if refunded_minor or any(part.amount.minor for part in parts):
        yield sum_of_parts(Kind.REFUND, _("Refunded to the buyer"), facts.money(refunded_minor), parts)


def _refunded_minor(facts: OrderFacts) -> int:
    return sum(movement.amount.minor for movement in facts.movements if movement.target.kind == Account.Kind.BUYER)


def undelivered_orders(facts: OrderFacts) -> Iterator[Part]:
    """Full refund of an undelivered order (business-rules §4.2), less earlier reductions."""
    reduced_minor = sum(line.reduced_minor for line in facts.lines)
    if facts.order.status == Order.Status.REFUNDED and facts.order.total_minor and not facts.refund_lines:
        words = (
            _("Not deliverable: refund of the remaining amount") if reduced_minor else _("Not delivered: full refund")
        )
        yield Part(words, facts.money(facts.order.total_minor - reduced_minor))


def reductions(facts: OrderFacts) -> Iterator[Part]:
    """Price reductions before completion, agreed with the seller or decided by an operator (§4.7)."""
    for line in facts.lines:
        if line.reduced_minor:
            yield Part(
                _("Refunded before completion, %(line)s") % {"line": line.number}, facts.money(line.reduced_minor)
            )


def cancelled_periods(facts: OrderFacts) -> Iterator[Part]:
    """Paid periods cancelled before they began because the service ended, without a refund request (business-rules
    §4.7)."""
    for period in facts.periods:
        if (
            period.cancelled_at is not None
            and period.earned_at is None
            and period.paid_minor
            and not _refunded(period, facts)
        ):
            yield Part(_("Never started: %(days)s") % {"days": _days(period)}, facts.money(period.paid_minor))


def _refunded(period: Period, facts: OrderFacts) -> bool:
    """Return whether a refund request cancelled the period, and so paid for it."""
    return any(
        refund_line.line.number == period.line_number and refund_line.refund.decided_at == period.cancelled_at
        for refund_line in facts.refund_lines
    )


def refunds(facts: OrderFacts) -> Iterator[Part]:
    """Refunds by unsubscription or agreed with the seller (business-rules §4.7)."""
    for refund_line in facts.refund_lines:
        yield Part(_refund_line_title(refund_line), facts.money(refund_line.back_minor))


def _refund_line_title(refund_line: RefundLine) -> str:
    names = {"kind": refund_line.refund.get_kind_display(), "line": refund_line.line.number}
    return _("%(kind)s, %(line)s") % names


type Cause = Callable[[OrderFacts], Iterable[Part]]
REFUND_CAUSES: tuple[Cause, ...] = (reductions, undelivered_orders, cancelled_periods, refunds)
"""Reasons for refunds, each with its expected amounts."""


def earnings(facts: OrderFacts) -> Iterator[ExplainedAmount]:
    """Compare earnings per line: earned at delivery or at the start of the paid period, less later refunds
    (business-rules §8.2)."""
    for line in facts.lines:
        parts = [
            Part(_booking_title(movement), _to_seller(movement))
            for movement in facts.movements
            if _of_seller(movement, line)
        ]
        if parts or (facts.order.status == Order.Status.COMPLETED and line.amount_minor):
            due_amount = facts.money(_due(line, facts))
            yield sum_of_parts(
                Kind.EARNED, _("Seller's earnings from %(line)s") % {"line": line.number}, due_amount, parts
            )


def _due(line: OrderLine, facts: OrderFacts) -> int:
    periods = [period for period in facts.periods if period.line_number == line.number]
    earned_minor = (
        sum(period.paid_minor for period in periods if period.earned_at is not None) if periods else line.left.minor
    )
    refunded_minor = sum(
        refund_line.back_minor for refund_line in facts.refund_lines if refund_line.line.number == line.number
    )
    unearned_periods = [
        period
        for period in periods
        if period.earned_at is None and period.cancelled_at is not None and _refunded(period, facts)
    ]
    return earned_minor - (refunded_minor - sum(period.paid_minor for period in unearned_periods))


def _of_seller(movement: Movement, line: OrderLine) -> bool:
    account_kinds = {movement.source.kind, movement.target.kind}
    reference = movement.transfer.reference
    is_about_line = reference.startswith(line.number) or reference.endswith(f"/{line.number}")
    return Account.Kind.SELLER in account_kinds and is_about_line


def _to_seller(movement: Movement) -> Money:
    return movement.amount if movement.target.kind == Account.Kind.SELLER else -movement.amount


def _booking_title(movement: Movement) -> str:
    return str(movement.transfer.get_reason_display())


def money_in_clearing(facts: OrderFacts) -> Iterator[ExplainedAmount]:
    """Compare the money in clearing: the full payment until delivery, then the payments for future periods."""
    order = facts.order
    if order.paid_at is None or not order.total_minor:
        return
    future = [period for period in facts.periods if period.earned_at is None and period.cancelled_at is None]
    match order.status:
        case Order.Status.PROCESSING:
            expected_minor = order.total_minor - sum(line.reduced_minor for line in facts.lines)
        case Order.Status.COMPLETED:
            expected_minor = sum(period.paid_minor for period in future)
        case _:
            expected_minor = 0
    parts = [
        Part(_booking_title(movement), _into_clearing(movement))
        for movement in facts.movements
        if _through_clearing(movement)
    ]
    yield sum_of_parts(Kind.HELD, _("Still held by the market"), facts.money(expected_minor), parts)


def _through_clearing(movement: Movement) -> bool:
    return Account.Kind.CLEARING in {movement.source.kind, movement.target.kind}


def _into_clearing(movement: Movement) -> Money:
    return movement.amount if movement.target.kind == Account.Kind.CLEARING else -movement.amount


def unsubscription(facts: OrderFacts) -> Iterator[ExplainedAmount]:
    """Compare the amount of an unsubscription with its lines. The money moved for the orders that paid for them."""
    refund = facts.refund
    if refund is not None and refund.status == Refund.Status.REFUNDED:
        parts = [Part(_refund_line_title(line), facts.money(line.back_minor)) for line in refund.lines.all()]
        yield sum_of_parts(Kind.REFUND, _("Refunded by this unsubscription"), refund.total, parts)


type Step = Callable[[OrderFacts], Iterable[ExplainedAmount]]
MONEY_STEPS: tuple[Step, ...] = (
    quoted_total,
    order_total,
    paid_amount,
    refunded,
    unsubscription,
    earnings,
    money_in_clearing,
)
"""Explanations after the prices of the lines, in this order."""


# --- a service ---


class ServiceFacts(Struct, frozen=True, kw_only=True):
    """A service with all orders about it, oldest first."""

    currency: str
    orders: Sequence[OrderFacts]
    periods: Sequence[Period]


def explain_service(facts: ServiceFacts) -> list[ExplainedAmount]:
    """Return the totals of a service and every amount of its orders."""
    return [*sums_of_service(facts), *(amount for order in facts.orders for amount in explain_order(order))]


def sums_of_service(facts: ServiceFacts) -> list[ExplainedAmount]:
    """Return the totals of a service: payments, refunds, and prices of its paid periods."""
    return [*_all_paid(facts), *_periods(facts)]


def _periods(facts: ServiceFacts) -> Iterator[ExplainedAmount]:
    lines = {line.number: line for order in facts.orders for line in order.lines}
    numbers = dict.fromkeys(period.line_number for period in facts.periods)
    for number in numbers:
        bought_periods = [period for period in facts.periods if period.line_number == number]
        parts = [Part(_span(period), Money(period.paid_minor, period.currency)) for period in bought_periods]
        title, line = _("Paid time bought with %(line)s") % {"line": number}, lines.get(number)
        if line is None:
            yield ExplainedAmount(
                kind=Kind.PRICE, title=title, said=Money(sum(period.paid_minor for period in bought_periods), facts.currency),
                parts=tuple(parts), note=_("The order that paid for it was not found."),
            )  # fmt: skip
        else:
            yield sum_of_parts(Kind.PRICE, title, line.left, parts)


def _span(period: Period) -> str:
    return _days(period) if period.cancelled_at is None else _("%(days)s, cancelled") % {"days": _days(period)}


def _days(period: Period) -> str:
    """Format the period in the market's time zone."""
    return f"{format_moment(period.starts_at)} – {format_moment(period.ends_at)}"


def _all_paid(facts: ServiceFacts) -> Iterator[ExplainedAmount]:
    """Compare the totals of the paid orders with the payments from the buyer's balance, and the refunds with their
    causes."""
    paid_orders = [order for order in facts.orders if order.order.paid_at is not None]
    total_minor = sum(order_facts.order.total_minor for order_facts in paid_orders)
    if not total_minor:
        return
    parts = [
        Part(
            _("%(order)s, %(type)s")
            % {"order": order_facts.order.number, "type": order_facts.order.get_order_type_display()},
            order_facts.money(paid_minor),
        )
        for order_facts in paid_orders
        if (
            paid_minor := sum(
                movement.amount.minor
                for movement in order_facts.movements
                if movement.transfer.reason == Transfer.Reason.PAYMENT
            )
        )
    ]
    yield sum_of_parts(Kind.PAID, _("Total paid for this service"), Money(total_minor, facts.currency), parts)
    refunded_minor = sum(_refunded_minor(order) for order in facts.orders)
    causes = [part for order in facts.orders for cause in REFUND_CAUSES for part in cause(order)]
    if refunded_minor or any(part.amount.minor for part in causes):
        yield sum_of_parts(Kind.REFUND, _("Already refunded"), Money(refunded_minor, facts.currency), causes)
