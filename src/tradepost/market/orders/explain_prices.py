"""Explain the prices of order lines by order type (pure functions). A new order type registers in ``LINE_PRICINGS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money

from .change_fee import FeeLine, recompute
from .explained import ExplainedAmount, Kind, OrderFacts, Part, amount_without_parts, format_moment, sum_of_parts
from .models import Order, OrderLine
from .pricing import PriceLine, read_stored
from .shares import decimal, share_of_days, share_of_hours


def prices(facts: OrderFacts) -> Iterator[ExplainedAmount]:
    explain_line = LINE_PRICINGS.get(facts.order.order_type)
    for line in facts.lines:
        if explain_line is None:
            yield amount_without_parts(Kind.PRICE, _price_title(line), line.amount, _("This order type is unknown."))
        else:
            yield explain_line(line, facts)


def _price_title(line: OrderLine) -> str:
    return _("Price of %(line)s") % {"line": line.number}


def by_price_lines(line: OrderLine, facts: OrderFacts) -> ExplainedAmount:
    """Explain unit price × quantity × periods, band by band, as ordered (business-rules §3.3)."""
    stored_lines = read_stored(line.price_lines)
    if not stored_lines:
        note = _("The order was placed before price breakdowns were stored.")
        return amount_without_parts(Kind.PRICE, _price_title(line), line.amount, note)
    parts = priced_parts(stored_lines, line.order.currency)
    if facts.order.origin == Order.Origin.SANDBOX:
        free_minor = sum(part.amount.minor for part in parts)
        parts.append(Part(_("Not charged: sandbox try-out"), facts.money(-free_minor)))
    return sum_of_parts(Kind.PRICE, _price_title(line), line.amount, parts)


def priced_parts(lines: Sequence[PriceLine], currency: str) -> list[Part]:
    return [
        Part(units_text(price_line, currency), computed_amount(price_line, currency), price_line.share_rule)
        for price_line in lines
    ]


def computed_amount(price_line: PriceLine, currency: str) -> Money:
    """Compute the amount of a price line without its stored amount, so that the stored amount can be checked. A part of
    a month is rounded half up (``align``)."""
    full_minor = price_line.units * price_line.unit_minor * price_line.periods
    return Money(
        (2 * full_minor * price_line.days + price_line.of_days) // (2 * price_line.of_days)
        if price_line.of_days
        else full_minor,
        currency,
    )


def units_text(price_line: PriceLine, currency: str) -> str:
    text = f"{price_line.units} × {format_money(Money(price_line.unit_minor, currency))}" + (
        f" × {price_line.periods}" if price_line.periods > 1 else ""
    )
    if price_line.of_days:
        return f"{text} × {price_line.share}"
    if price_line.upto is not None:
        return _("Units %(first)s to %(upto)s: %(sum)s") % {
            "first": price_line.first,
            "upto": price_line.upto,
            "sum": text,
        }
    if price_line.above:
        return _("Units from %(first)s on: %(sum)s") % {"first": price_line.first, "sum": text}
    return text


def by_change_fee(line: OrderLine, facts: OrderFacts) -> ExplainedAmount:
    """Explain the fee of a change from its stored terms (business-rules §4.6). Sandbox orders have no terms and cost
    nothing."""
    if line.change_terms is None:
        return by_price_lines(line, facts)
    fee = recompute(line.change_terms)
    parts = [Part(_fee_line_title(line, facts), facts.money(line.minor), time_calculation(line)) for line in fee.lines]
    if fee.discount_minor:
        parts.append(Part(_("Discount"), facts.money(fee.discount_minor)))
    if fee.rounding_minor:
        parts.append(Part(_("Rounded down once"), facts.money(fee.rounding_minor)))
    return sum_of_parts(Kind.PRICE, _price_title(line), line.amount, parts)


def _fee_line_title(fee_line: FeeLine, facts: OrderFacts) -> str:
    values = {
        "unit": format_money(facts.money(fee_line.unit_minor)),
        "time": decimal(fee_line.time),
        "per": _UNITS[fee_line.unit],
    }
    days = {"since": format_moment(fee_line.since), "until": format_moment(fee_line.until)}
    words = _("New, %(since)s – %(until)s: %(time)s × %(unit)s per %(per)s")
    return (words if fee_line.new else _("Before, %(since)s – %(until)s: %(time)s × %(unit)s per %(per)s")) % {
        **values,
        **days,
    }


_UNITS = {
    "day": pgettext_lazy("unit of time", "day"),
    "month": pgettext_lazy("unit of time", "month"),
    "year": pgettext_lazy("unit of time", "year"),
}
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def time_calculation(fee_line: FeeLine) -> str:
    """Return the exact calculation of a line's time; empty for whole days, months or years.

    A part of a month or year is given in days, or in hours if it begins within a day; a longer time as a sum.
    """
    complete, part = divmod(fee_line.time, 1)
    if not part:
        return ""
    if complete:
        return f"{complete} + {part} = {decimal(fee_line.time)}"
    remaining = fee_line.until - fee_line.since
    unit = _HOUR if remaining % _DAY else _DAY
    units_of_whole = Fraction(remaining // timedelta(microseconds=1), unit // timedelta(microseconds=1)) / part
    if remaining % unit or units_of_whole.denominator != 1:
        return f"{part} = {decimal(part)}"
    if unit == _DAY:
        return share_of_days(remaining // _DAY, int(units_of_whole))
    return share_of_hours(remaining // _HOUR, int(units_of_whole))


def free_of_charge(line: OrderLine, facts: OrderFacts) -> ExplainedAmount:
    """Explain an order line that costs nothing; a sandbox order shows the price it would have."""
    return (
        by_price_lines(line, facts)
        if line.price_lines
        else sum_of_parts(Kind.PRICE, _price_title(line), line.amount, ())
    )


type LinePricing = Callable[[OrderLine, OrderFacts], ExplainedAmount]
LINE_PRICINGS: Mapping[str, LinePricing] = {
    Order.Type.NEW: by_price_lines,
    Order.Type.TRIAL: by_price_lines,
    Order.Type.TRIAL_TO_FORMAL: by_price_lines,
    Order.Type.RENEW: by_price_lines,
    Order.Type.CHANGE: by_change_fee,
    Order.Type.UNSUBSCRIBE: free_of_charge,
}
"""Functions that explain the lines of each order type."""
