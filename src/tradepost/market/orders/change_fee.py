"""Price of a change: the remaining paid time at the target's price, less the same time at the present price (saas-v2
§8.3, business-rules §4.6, §17.1, §17.2).

Pure functions. ``Terms`` holds all inputs and is stored with the order, so ``recompute`` gives the same fee later.
Calculation uses fractions and rounds down once at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from math import floor, lcm
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.stored import dump, load
from tradepost.market.catalog.price_models import PriceModel, band_of, of_units
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.market.subscriptions.time_left import time_left


class StepChange(StrEnum):
    """How added units are priced in the stepped model; the two readings of business-rules §17.2."""

    GRADUATED = "graduated"
    """As at purchase: each band's units at that band's price."""
    BAND_TOTAL = "band_total"
    """Literal reading: the whole new quantity at the price of its band."""


class Rate(Struct, frozen=True, kw_only=True):
    """Present price of one SKU for one day, month or year (``unit``), in minor units."""

    unit: str
    model: PriceModel = PriceModel.LINEAR
    price_minor: int = 0
    bands: tuple[tuple[int | None, int], ...] = ()

    def of(self, quantity: int) -> int:
        return of_units(self.model, self.price_minor, self.bands, quantity)

    def band_of(self, quantity: int) -> int:
        return band_of(self.bands, quantity)


class PaidTime(Struct, frozen=True, kw_only=True):
    """One paid period, half-open. ``unit``: the unit of its purchase, which selects the present price (business-rules
    §17.1)."""

    line_number: str
    unit: str
    starts_at: datetime
    ends_at: datetime


class Terms(Struct, frozen=True, kw_only=True):
    """Inputs of the fee of one change."""

    currency: str
    zone: str
    """Time zone of the market, for calendar months and years."""
    begun: datetime
    """Start of the first paid period."""
    counts_from: datetime
    periods: tuple[PaidTime, ...]
    """Periods that have not ended, in order and without gaps."""
    held: tuple[Rate, ...]
    """Present prices of the current SKU, for each unit of the periods."""
    target: tuple[Rate, ...]
    """Present prices of the target SKU; ``matching_rate`` chooses the one for the remaining time."""
    quantity_before: int = 1
    quantity_after: int = 1
    adds: bool = False
    """Whether the change adds units of the same SKU."""
    step_change: StepChange = StepChange.GRADUATED
    discount: tuple[int, int] = (1, 1)
    """Share of the difference to pay, as numerator and denominator."""

    @property
    def ends_at(self) -> datetime:
        return self.periods[-1].ends_at


class FeeLine(Struct, frozen=True, kw_only=True):
    """One line of the price breakdown. ``minor`` is rounded for display: the lines and ``Fee.rounding_minor`` add up to
    the fee."""

    new: bool
    """Whether the line charges the target; otherwise it credits the current SKU."""
    unit: str
    unit_minor: int
    """Price of the whole ``quantity`` for one unit of time."""
    quantity: int
    time: Fraction
    since: datetime
    until: datetime
    minor: int


class Part(Struct, frozen=True, kw_only=True):
    """Part of the fee for one paid period."""

    of: PaidTime
    since: datetime
    minor: int


class Fee(Struct, frozen=True, kw_only=True):
    """Fee of a change. ``minor`` is negative if the target costs less; such a change is refused."""

    minor: int
    exact: Fraction
    lines: tuple[FeeLine, ...]
    discount_minor: int
    """Discount, negative; 0 without one."""
    rounding_minor: int
    parts: tuple[Part, ...]
    """Parts for each period of the terms; they add up to the fee. All zero if the fee is negative."""


def effective_from(now: datetime, began_at: datetime, zone: ZoneInfo) -> datetime:
    """Return when a change takes effect: the next full hour, or now if it is one. On the day of the first purchase, the
    next midnight (saas-v2 §8.3)."""
    local = now.astimezone(zone)
    if local.date() == began_at.astimezone(zone).date():
        midnight = datetime.combine(local.date() + timedelta(days=1), time(0), tzinfo=zone)
        return midnight.astimezone(now.tzinfo)
    into_the_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now - into_the_hour + timedelta(hours=1) if into_the_hour else now


def matching_rate(rates: Sequence[Rate], since: datetime, end: datetime, zone: ZoneInfo) -> Rate:
    """Return the price for the remaining time: yearly if a year or more remains, else monthly, else the shortest
    available unit (business-rules §17.1)."""
    by_unit = {rate.unit: rate for rate in rates}
    a_year = period_end(since, "year", 1, zone=zone) <= end
    order = ("year", "month", "day") if a_year else ("month", "day", "year")
    best = next((by_unit[unit] for unit in order if unit in by_unit), None)
    if best is None:
        raise ValueError("what is wanted is not sold by period")
    return best


def fee_of(terms: Terms) -> Fee:
    """Return the fee with its breakdown. Raises ``ValueError`` if no time remains or a price is missing."""
    if not terms.periods or terms.counts_from >= terms.ends_at:
        raise ValueError("nothing is left of the paid time")
    shares = [_Share.of(terms, period) for period in terms.periods]
    before = sum((share.new - share.old for share in shares), Fraction(0))
    exact_amount = before * Fraction(*terms.discount)
    minor = floor(exact_amount)
    lines = tuple(_lines(terms, shares))
    discount_minor = round(exact_amount - before)
    displayed_minor = sum(line.minor for line in lines) + discount_minor
    return Fee(
        minor=minor, exact=exact_amount, lines=lines, discount_minor=discount_minor, rounding_minor=minor - displayed_minor,
        parts=_parts(terms, shares, minor),
    )  # fmt: skip


def as_stored(terms: Terms) -> dict[str, Any]:
    return dump(terms)


def read_stored(plain: Mapping[str, Any]) -> Terms:
    return load(Terms, plain)


def recompute(plain: Mapping[str, Any]) -> Fee:
    """Compute the fee again from stored terms."""
    return fee_of(read_stored(plain))


# --- breakdown ---


class _Share(Struct, frozen=True, kw_only=True):
    """Share of one period before discounts. Both prices use the calendar grid of the period, so equal prices give a fee
    of zero."""

    period: PaidTime
    since: datetime
    new_time: Fraction
    old_time: Fraction
    new: Fraction
    old: Fraction

    @staticmethod
    def of(terms: Terms, period: PaidTime) -> _Share:
        zone, since = ZoneInfo(terms.zone), max(terms.counts_from, period.starts_at)

        def left(unit: str) -> Fraction:
            return time_left(unit, since, period.ends_at, began_at=terms.begun, zone=zone)

        rate, current_rate = _target_rate(terms), _current_rate(terms, period)
        new_time, old_time = left(rate.unit), left(current_rate.unit)
        return _Share(
            period=period, since=since, new_time=new_time, old_time=old_time,
            new=new_time * _new_price(terms, rate), old=old_time * _old_price(terms, rate, current_rate),
        )  # fmt: skip


def _target_rate(terms: Terms) -> Rate:
    return matching_rate(terms.target, terms.counts_from, terms.ends_at, ZoneInfo(terms.zone))


def _current_rate(terms: Terms, period: PaidTime) -> Rate:
    rate = next((rate for rate in terms.held if rate.unit == period.unit), None)
    if rate is None:
        raise ValueError(f"what is held has no price by the {period.unit}")
    return rate


def _charges_only_added(terms: Terms, rate: Rate) -> bool:
    """In the tiered model, only added units are charged, at the price of the band of the new total (business-rules
    §17.2)."""
    return terms.adds and rate.model is PriceModel.TIER


def _new_price(terms: Terms, rate: Rate) -> int:
    after = terms.quantity_after
    if _charges_only_added(terms, rate):
        return rate.band_of(after) * (after - terms.quantity_before)
    if terms.adds and rate.model is PriceModel.STEP and terms.step_change is StepChange.BAND_TOTAL:
        return rate.band_of(after) * after
    return rate.of(after)


def _old_price(terms: Terms, rate: Rate, present_rate: Rate) -> int:
    return 0 if _charges_only_added(terms, rate) else present_rate.of(terms.quantity_before)


def _lines(terms: Terms, shares: Sequence[_Share]) -> Iterator[FeeLine]:
    """Yield the charge for the target over the remaining time, then a credit for each period."""
    rate = _target_rate(terms)
    added_quantity = terms.quantity_after - (terms.quantity_before if _charges_only_added(terms, rate) else 0)
    time = sum((share.new_time for share in shares), Fraction(0))
    yield FeeLine(
        new=True, unit=rate.unit, unit_minor=_new_price(terms, rate), quantity=added_quantity, time=time,
        since=terms.counts_from, until=terms.ends_at, minor=round(sum((share.new for share in shares), Fraction(0))),
    )  # fmt: skip
    if _charges_only_added(terms, rate):
        return
    for share in shares:
        current_rate = _current_rate(terms, share.period)
        yield FeeLine(
            new=False, unit=current_rate.unit, unit_minor=current_rate.of(terms.quantity_before), quantity=terms.quantity_before,
            time=share.old_time, since=share.since, until=share.period.ends_at, minor=-round(share.old),
        )  # fmt: skip


def _parts(terms: Terms, shares: Sequence[_Share], minor: int) -> tuple[Part, ...]:
    """Split the fee in proportion to each period's difference, by largest remainders."""
    differences = [max(share.new - share.old, Fraction(0)) for share in shares]
    scale = lcm(*(difference.denominator for difference in differences))
    weights = tuple(int(difference * scale) for difference in differences)
    split = (
        Money(max(minor, 0), terms.currency).split(weights)
        if sum(weights)
        else [Money(0, terms.currency)] * len(differences)
    )
    return tuple(
        Part(of=share.period, since=share.since, minor=money.minor) for share, money in zip(shares, split, strict=True)
    )
