"""What a change in use costs: the paid time that is left at the price of what is held then, less the same at the price of what
is held now. Exact and pure (saas-v2 §8.3, business-rules §4.6, §17.1, §17.2).

All that a fee is computed from is in its ``Terms``, which are stored with the order: ``recompute`` gives the same fee at any
later time. Fractions throughout, and one rounding at the end, down.
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
    """How units are added to a price by steps; the two readings of business-rules §17.2."""

    GRADUATED = "graduated"
    """As it is sold: each band's part at that band's price."""
    BAND_TOTAL = "band_total"
    """By the letter: the whole new quantity at the price of its band."""


class Rate(Struct, frozen=True, kw_only=True):
    """What one SKU costs for one day, month or year (``unit``) now, in minor units."""

    unit: str
    model: PriceModel = PriceModel.LINEAR
    price_minor: int = 0
    bands: tuple[tuple[int | None, int], ...] = ()

    def of(self, quantity: int) -> int:
        return of_units(self.model, self.price_minor, self.bands, quantity)

    def band_of(self, quantity: int) -> int:
        return band_of(self.bands, quantity)


class PaidTime(Struct, frozen=True, kw_only=True):
    """One paid period, half-open. ``unit``: by which it was bought (business-rules §17.1: the old price is matched by that)."""

    line_number: str
    unit: str
    starts_at: datetime
    ends_at: datetime


class Terms(Struct, frozen=True, kw_only=True):
    """All that the fee of one change is computed from."""

    currency: str
    zone: str
    """The market's time zone, in whose calendar months and years are counted."""
    begun: datetime
    """When the first paid time began."""
    counts_from: datetime
    periods: tuple[PaidTime, ...]
    """Of which something is left, in their order; they follow each other without a gap."""
    held: tuple[Rate, ...]
    """Present prices of what is held now, for each unit by which a period was bought."""
    target: tuple[Rate, ...]
    """Present prices of what is wanted; the one that fits the remaining time is taken."""
    quantity_before: int = 1
    quantity_after: int = 1
    adds: bool = False
    """More of the same SKU, and not another one."""
    step_change: StepChange = StepChange.GRADUATED
    discount: tuple[int, int] = (1, 1)
    """What of the difference is paid, as numerator and denominator."""

    @property
    def ends_at(self) -> datetime:
        return self.periods[-1].ends_at


class FeeLine(Struct, frozen=True, kw_only=True):
    """One part of the explanation. ``minor`` is rounded for the eye: the lines and ``Fee.rounding_minor`` add up to the fee."""

    new: bool
    """Of what is wanted; else of what is held, and taken off."""
    unit: str
    unit_minor: int
    """Of the whole ``quantity`` for one unit of time."""
    quantity: int
    time: Fraction
    since: datetime
    until: datetime
    minor: int


class Part(Struct, frozen=True, kw_only=True):
    """What of the fee belongs to one paid period."""

    of: PaidTime
    since: datetime
    minor: int


class Fee(Struct, frozen=True, kw_only=True):
    """``minor`` is below zero where what is wanted costs less: such a change is refused."""

    minor: int
    exact: Fraction
    lines: tuple[FeeLine, ...]
    discount_minor: int
    """What a discount takes off, below zero; 0 without one."""
    rounding_minor: int
    parts: tuple[Part, ...]
    """For each period of the terms; they add up to the fee. Nothing of a fee below zero."""


def counts_from(now: datetime, begun: datetime, zone: ZoneInfo) -> datetime:
    """From when on a change counts: this moment when it is a full hour, else the next one; on the day of the first purchase
    the next midnight (saas-v2 §8.3)."""
    local = now.astimezone(zone)
    if local.date() == begun.astimezone(zone).date():
        midnight = datetime.combine(local.date() + timedelta(days=1), time(0), tzinfo=zone)
        return midnight.astimezone(now.tzinfo)
    into_the_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now - into_the_hour + timedelta(hours=1) if into_the_hour else now


def matched(rates: Sequence[Rate], since: datetime, end: datetime, zone: ZoneInfo) -> Rate:
    """The price that fits the remaining time: by the year when a year or more is left, else by the month, else what there
    is, shorter before longer (business-rules §17.1)."""
    by_unit = {rate.unit: rate for rate in rates}
    a_year = period_end(since, "year", 1, zone=zone) <= end
    order = ("year", "month", "day") if a_year else ("month", "day", "year")
    found = next((by_unit[unit] for unit in order if unit in by_unit), None)
    if found is None:
        raise ValueError("what is wanted is not sold by period")
    return found


def fee_of(terms: Terms) -> Fee:
    """The fee, explained. Raises ``ValueError`` for terms that are no change: nothing left, or a price that is missing."""
    if not terms.periods or terms.counts_from >= terms.ends_at:
        raise ValueError("nothing is left of the paid time")
    shares = [_Share.of(terms, period) for period in terms.periods]
    before = sum((share.new - share.old for share in shares), Fraction(0))
    exact = before * Fraction(*terms.discount)
    minor = floor(exact)
    lines = tuple(_lines(terms, shares))
    discounted = round(exact - before)
    said = sum(line.minor for line in lines) + discounted
    return Fee(
        minor=minor, exact=exact, lines=lines, discount_minor=discounted, rounding_minor=minor - said,
        parts=_parts(terms, shares, minor),
    )  # fmt: skip


def as_stored(terms: Terms) -> dict[str, Any]:
    return dump(terms)


def read_stored(plain: Mapping[str, Any]) -> Terms:
    return load(Terms, plain)


def recompute(plain: Mapping[str, Any]) -> Fee:
    """The fee of stored terms, as it was computed when they were stored."""
    return fee_of(read_stored(plain))


# --- how it comes about -----------------------------------------------------------------------------------------------


class _Share(Struct, frozen=True, kw_only=True):
    """One period's share, before any discount. Old and new are measured on the same grid, that of the period, so that equal
    prices cost nothing."""

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
            return time_left(unit, since, period.ends_at, begun=terms.begun, zone=zone)

        rate, held = _wanted(terms), _held(terms, period)
        new_time, old_time = left(rate.unit), left(held.unit)
        return _Share(
            period=period, since=since, new_time=new_time, old_time=old_time,
            new=new_time * _new_price(terms, rate), old=old_time * _old_price(terms, rate, held),
        )  # fmt: skip


def _wanted(terms: Terms) -> Rate:
    return matched(terms.target, terms.counts_from, terms.ends_at, ZoneInfo(terms.zone))


def _held(terms: Terms, period: PaidTime) -> Rate:
    found = next((rate for rate in terms.held if rate.unit == period.unit), None)
    if found is None:
        raise ValueError(f"what is held has no price by the {period.unit}")
    return found


def _only_added(terms: Terms, rate: Rate) -> bool:
    """By tiers what is added is paid alone, at the price of the band of the new total (business-rules §17.2)."""
    return terms.adds and rate.model is PriceModel.TIER


def _new_price(terms: Terms, rate: Rate) -> int:
    after = terms.quantity_after
    if _only_added(terms, rate):
        return rate.band_of(after) * (after - terms.quantity_before)
    if terms.adds and rate.model is PriceModel.STEP and terms.step_change is StepChange.BAND_TOTAL:
        return rate.band_of(after) * after
    return rate.of(after)


def _old_price(terms: Terms, rate: Rate, held: Rate) -> int:
    return 0 if _only_added(terms, rate) else held.of(terms.quantity_before)


def _lines(terms: Terms, shares: Sequence[_Share]) -> Iterator[FeeLine]:
    """What is new over all that is left, then what is taken off for each period."""
    rate = _wanted(terms)
    added = terms.quantity_after - (terms.quantity_before if _only_added(terms, rate) else 0)
    time = sum((share.new_time for share in shares), Fraction(0))
    yield FeeLine(
        new=True, unit=rate.unit, unit_minor=_new_price(terms, rate), quantity=added, time=time,
        since=terms.counts_from, until=terms.ends_at, minor=round(sum((share.new for share in shares), Fraction(0))),
    )  # fmt: skip
    if _only_added(terms, rate):
        return
    for share in shares:
        held = _held(terms, share.period)
        yield FeeLine(
            new=False, unit=held.unit, unit_minor=held.of(terms.quantity_before), quantity=terms.quantity_before,
            time=share.old_time, since=share.since, until=share.period.ends_at, minor=-round(share.old),
        )  # fmt: skip


def _parts(terms: Terms, shares: Sequence[_Share], minor: int) -> tuple[Part, ...]:
    """In proportion to what each period adds to the fee; largest remainders first."""
    adds = [max(share.new - share.old, Fraction(0)) for share in shares]
    scale = lcm(*(one.denominator for one in adds))
    weights = tuple(int(one * scale) for one in adds)
    split = (
        Money(max(minor, 0), terms.currency).split(weights) if sum(weights) else [Money(0, terms.currency)] * len(adds)
    )
    return tuple(
        Part(of=share.period, since=share.since, minor=money.minor) for share, money in zip(shares, split, strict=True)
    )
