"""How the prices of order lines came about, by the type of the order (pure). A new type adds its line to ``PRICED_BY``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.base.money_words import in_words

from .change_fee import FeeLine, recompute
from .explained import Explained, Kind, OrderFacts, Part, at_moment, not_kept, summed
from .models import Order, OrderLine
from .pricing import PriceLine, read_stored


def prices(facts: OrderFacts) -> Iterator[Explained]:
    by = PRICED_BY.get(facts.order.order_type)
    for line in facts.lines:
        if by is None:
            yield not_kept(Kind.PRICE, _price_of(line), line.amount, _("Nobody here knows orders of this type."))
        else:
            yield by(line, facts)


def _price_of(line: OrderLine) -> str:
    return _("Price of %(line)s") % {"line": line.number}


def by_price_lines(line: OrderLine, facts: OrderFacts) -> Explained:
    """Unit price × quantity × periods, band by band (business-rules §3.3), as it was when it was ordered."""
    stored = read_stored(line.price_lines)
    if not stored:
        words = _("It was ordered before the parts of a price were kept.")
        return not_kept(Kind.PRICE, _price_of(line), line.amount, words)
    parts = [Part(units(one, line.order.currency), computed(one, line.order.currency)) for one in stored]
    if facts.order.origin == Order.Origin.SANDBOX:
        free = sum(part.amount.minor for part in parts)
        parts.append(Part(_("Not charged: it is tried out in a sandbox"), facts.money(-free)))
    return summed(Kind.PRICE, _price_of(line), line.amount, parts)


def computed(one: PriceLine, currency: str) -> Money:
    """Never the amount that stands beside it: that is what is to be checked. A part of a month is rounded half up
    (``align``)."""
    whole = one.units * one.unit_minor * one.periods
    return Money((2 * whole * one.days + one.of_days) // (2 * one.of_days) if one.of_days else whole, currency)


def units(one: PriceLine, currency: str) -> str:
    said = f"{one.units} × {in_words(Money(one.unit_minor, currency))}" + (
        f" × {one.periods}" if one.periods > 1 else ""
    )
    if one.of_days:
        return _("%(days)s of %(all)s days: %(sum)s") % {"days": one.days, "all": one.of_days, "sum": said}
    if one.upto is not None:
        return _("Units %(first)s to %(upto)s: %(sum)s") % {"first": one.first, "upto": one.upto, "sum": said}
    if one.above:
        return _("Units from %(first)s on: %(sum)s") % {"first": one.first, "sum": said}
    return said


def by_change_fee(line: OrderLine, facts: OrderFacts) -> Explained:
    """What a change in use costs (business-rules §4.6), from the terms that were stored with it. What is tried out in a
    sandbox has none: it costs nothing."""
    if line.change_terms is None:
        return by_price_lines(line, facts)
    fee = recompute(line.change_terms)
    parts = [Part(_fee_words(one, facts), facts.money(one.minor)) for one in fee.lines]
    if fee.discount_minor:
        parts.append(Part(_("Discount"), facts.money(fee.discount_minor)))
    if fee.rounding_minor:
        parts.append(Part(_("Rounding, once and down"), facts.money(fee.rounding_minor)))
    return summed(Kind.PRICE, _price_of(line), line.amount, parts)


def _fee_words(one: FeeLine, facts: OrderFacts) -> str:
    """Exactly: a month of which 16 of 31 parts are left is 16/31."""
    said = {"unit": in_words(facts.money(one.unit_minor)), "time": f"{one.time} {_UNITS[one.unit]}"}
    days = {"since": at_moment(one.since), "until": at_moment(one.until)}
    words = _("What is wanted, %(since)s – %(until)s: %(unit)s × %(time)s")
    return (words if one.new else _("What is held, %(since)s – %(until)s: %(unit)s × %(time)s")) % {**said, **days}


_UNITS = {
    "day": pgettext_lazy("unit of time", "day"),
    "month": pgettext_lazy("unit of time", "month"),
    "year": pgettext_lazy("unit of time", "year"),
}


def free_of_charge(line: OrderLine, facts: OrderFacts) -> Explained:
    """An unsubscription costs nothing; what is tried out says what it would."""
    return by_price_lines(line, facts) if line.price_lines else summed(Kind.PRICE, _price_of(line), line.amount, ())


type Priced = Callable[[OrderLine, OrderFacts], Explained]
PRICED_BY: Mapping[str, Priced] = {
    Order.Type.NEW: by_price_lines,
    Order.Type.TRIAL: by_price_lines,
    Order.Type.TRIAL_TO_FORMAL: by_price_lines,
    Order.Type.RENEW: by_price_lines,
    Order.Type.CHANGE: by_change_fee,
    Order.Type.UNSUBSCRIBE: free_of_charge,
}
"""How the lines of each type of order are priced."""
