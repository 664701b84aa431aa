"""Why a product, or one choice of it, lacks a way to pay that buyers look for, or a trial (business-rules §3.1, §3.2, §3.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from tradepost.protocols.commands import ChargingMode

from .view import EXPECTED, WAYS, ProductView, way_of

TRIAL = "trial"
BY_PERIOD = frozenset({"month", "year"})


class Why(StrEnum):
    NOT_OF_KIND = "not_of_kind"
    """No product of this kind is sold so (§2.1)."""
    NOT_OFFERED = "not_offered"
    """The seller decides, and has no such price (§3.1)."""
    NOT_NOW = "not_now"
    """It has one, which is hidden, or its sale was ended."""
    ELSEWHERE = "elsewhere"
    """Another choice of the same product is sold so."""
    NO_PERIOD = "no_period"
    """A trial goes with monthly or yearly prices (§3.5)."""
    USED = "used"
    """A trial is given once (§3.5)."""


class Missing(Struct, frozen=True):
    way: str
    """A word of ``WAYS`` or ``trial``."""
    why: Why


def missing(view: ProductView, sku: str = "", *, trial_used: bool = False) -> tuple[Missing, ...]:
    """In the order of ``WAYS``, the trial last. ``sku``: the code of the one chosen; empty for the product as a whole.
    ``trial_used``: the reader has had the trial of this choice."""
    here = ways_of(view, sku)
    return tuple(_missing(view, here, trial_used=trial_used))


def ways_of(view: ProductView, sku: str = "") -> frozenset[str]:
    """How a choice, or the product as a whole, can be bought now; a trial too."""
    sold = {price.product_id for _spec, one in view.skus() if sku in {"", one.code} for price in one.prices}
    return frozenset(way_of(price) for _spec, _sku, price in view.document.prices() if price.product_id in sold)


def _missing(view: ProductView, here: frozenset[str], *, trial_used: bool) -> Iterator[Missing]:
    written = frozenset(way_of(price) for _spec, _sku, price in view.document.prices())
    for way, mode in WAYS:
        if way in EXPECTED - here:
            yield Missing(way, _why(view, way, mode, written))
    if TRIAL in here:
        if trial_used:
            yield Missing(TRIAL, Why.USED)
    elif not view.kind.trial:
        yield Missing(TRIAL, Why.NOT_OF_KIND)
    elif not here & BY_PERIOD:
        yield Missing(TRIAL, Why.NO_PERIOD)
    else:
        yield Missing(TRIAL, _standing(view, TRIAL, written))


def _why(view: ProductView, way: str, mode: ChargingMode, written: frozenset[str]) -> Why:
    return _standing(view, way, written) if mode in view.kind.charging_modes else Why.NOT_OF_KIND


def _standing(view: ProductView, way: str, written: frozenset[str]) -> Why:
    if way in view.ways:
        return Why.ELSEWHERE
    return Why.NOT_NOW if way in written else Why.NOT_OFFERED
