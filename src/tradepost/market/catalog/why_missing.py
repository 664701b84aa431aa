"""Explain why a product, or one SKU of it, lacks an expected billing period or mode, or a trial (business-rules §3.1,
§3.2, §3.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from tradepost.protocols.commands import ChargingMode

from .view import EXPECTED, WAYS, ProductView, way_of

TRIAL = "trial"
BY_PERIOD = frozenset({"month", "year"})


class MissingReason(StrEnum):
    NOT_OF_KIND = "not_of_kind"
    """No product of this kind offers it (§2.1)."""
    NOT_OFFERED = "not_offered"
    """The seller decides, and offers no such price (§3.1)."""
    NOT_NOW = "not_now"
    """The price exists, but is hidden, or its sale was ended."""
    ELSEWHERE = "elsewhere"
    """Another SKU of the same product offers it."""
    NO_PERIOD = "no_period"
    """A trial requires monthly or yearly prices (§3.5)."""
    USED = "used"
    """A trial can be used once (§3.5)."""


class MissingWay(Struct, frozen=True):
    way: str
    """An entry of ``WAYS``, or ``trial``."""
    why: MissingReason


def missing_ways(view: ProductView, sku: str = "", *, trial_used: bool = False) -> tuple[MissingWay, ...]:
    """Return what is missing in the order of ``WAYS``, the trial last. ``sku``: the selected code; empty for the
    whole product. ``trial_used``: whether the reader has used the trial."""
    available = ways_of(view, sku)
    return tuple(_missing(view, available, trial_used=trial_used))


def ways_of(view: ProductView, sku: str = "") -> frozenset[str]:
    """Return how a SKU, or the whole product, can be bought now, including a trial."""
    sold_ids = {
        price.product_id for _spec, sku_view in view.skus() if sku in {"", sku_view.code} for price in sku_view.prices
    }
    return frozenset(way_of(price) for _spec, _sku, price in view.document.prices() if price.product_id in sold_ids)


def _missing(view: ProductView, available: frozenset[str], *, trial_used: bool) -> Iterator[MissingWay]:
    declared = frozenset(way_of(price) for _spec, _sku, price in view.document.prices())
    for way, mode in WAYS:
        if way in EXPECTED - available:
            yield MissingWay(way, _missing_reason(view, way, mode, declared))
    if TRIAL in available:
        if trial_used:
            yield MissingWay(TRIAL, MissingReason.USED)
    elif not view.kind.trial:
        yield MissingWay(TRIAL, MissingReason.NOT_OF_KIND)
    elif not available & BY_PERIOD:
        yield MissingWay(TRIAL, MissingReason.NO_PERIOD)
    else:
        yield MissingWay(TRIAL, _offer_reason(view, TRIAL, declared))


def _missing_reason(view: ProductView, way: str, mode: ChargingMode, declared: frozenset[str]) -> MissingReason:
    return _offer_reason(view, way, declared) if mode in view.kind.charging_modes else MissingReason.NOT_OF_KIND


def _offer_reason(view: ProductView, way: str, declared: frozenset[str]) -> MissingReason:
    if way in view.ways:
        return MissingReason.ELSEWHERE
    return MissingReason.NOT_NOW if way in declared else MissingReason.NOT_OFFERED
