"""Which prices a product may have: those of its type, complete for their charging mode, and nothing that nobody bills.

Rules: business-rules §3.2–§3.5; the numbers that no section gives are what the ledger's columns can hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.base.money import MINOR_DIGITS
from tradepost.protocols.commands import ChargingMode

from .document import Document, Factor, Price, Sku, Spec
from .price_models import RESETS_WITHIN, PriceModel

DEAREST = 100_000_000
"""In main units: with the largest quantity and the longest duration the total still fits the ledger's columns."""
LONGEST = {"": 0, "day": 3650, "month": 120, "year": 10}
"""Periods that one order may be for."""
MOST_SKUS = 100
MOST_UNITS = 1_000_000
MOST_BANDS = 10
MOST_FACTORS = 5
TRIAL_DAYS = range(3, 181)
CYCLES = ("hour", "day", "month")
ACCUMULATIONS = ("", "day", "month")
RESETS = ("", "month", "year")
FINEST_QUOTA = Decimal("0.0001")
LARGEST_QUOTA = Decimal(10) ** 11
FINEST_PRICE = Decimal("0.00000001")
_MODES = "business-rules §3.2"
_MODELS = "business-rules §3.3"
_SKUS = "business-rules §3.4"
_TRIAL = "business-rules §3.5"


class Selling(Struct, frozen=True):
    """What this market sells: the modes of the product's kind, and its currency."""

    modes: Collection[ChargingMode]
    currency: str
    trial: bool = True
    """Whether this kind of product may be tried."""

    @property
    def coin(self) -> Decimal:
        return Decimal(1).scaleb(-MINOR_DIGITS[self.currency])


def check_prices(document: Document, selling: Selling) -> None:
    """Raises ``Refused`` with the first finding of ``price_findings``."""
    for finding in price_findings(document, selling):
        raise Refused(finding.code, finding.words, field=finding.field)


def price_findings(document: Document, selling: Selling) -> Iterator[Finding]:
    """Everything that is wrong with specs, SKUs and prices, in the order of the page."""
    number = sum(len(spec.skus) for spec in document.pricing.specs)
    if not 1 <= number <= MOST_SKUS:
        yield _found(
            "specs", "product.skus", _("A product needs at least one SKU with a price and may have at most 100."), _SKUS
        )
    for i, spec in enumerate(document.pricing.specs):
        seen: set[tuple[tuple[str, str], ...]] = set()
        for j, sku in enumerate(spec.skus):
            at = f"specs.{i}.skus.{j}"
            combination = tuple(sorted(sku.values.items()))
            if combination in seen:
                yield _found(at, "product.sku_twice", _("The same combination of values is here twice."), _SKUS)
            seen.add(combination)
            if any(sku.values.get(a.code) not in {v.code for v in a.values} for a in spec.attributes):
                yield _found(at, "product.sku_values", _("A SKU chooses one value of each attribute."), _SKUS)
            yield from _sku(sku, document, selling, at)
        yield from _uses(spec, selling, f"specs.{i}")


def _uses(spec: Spec, selling: Selling, at: str) -> Iterator[Finding]:
    """Where packages of uses are sold: what is counted of the spec is counted at them alone (business-rules §2.5)."""
    prices = [
        (f"{at}.skus.{j}.prices.{k}", price) for j, sku in enumerate(spec.skus) for k, price in enumerate(sku.prices)
    ]
    by_usage = any(price.charging.metered and not price.charging.uses for _at, price in prices)
    for here, price in prices:
        if not price.charging.uses:
            continue
        if ChargingMode.ON_DEMAND_PKG not in selling.modes:
            words = _("Nobody counts what is used of this type of product, so no package of uses can be deducted from.")
            yield _found(here, "product.uses_not_counted", words, _MODES)
        elif by_usage:
            words = _("A spec is sold on demand or in packages of uses, not both: make another spec for the packages.")
            yield _found(here, "product.uses_and_on_demand", words, "business-rules §2.5")


def _found(field: str, code: str, words: str, rule: str) -> Finding:
    return Finding(section="pricing", field=field, code=code, words=words, rule=rule)


def _sku(sku: Sku, document: Document, selling: Selling, at: str) -> Iterator[Finding]:
    quantity = sku.quantity
    if quantity is not None and not (1 <= quantity.least <= quantity.most <= MOST_UNITS and quantity.step >= 1):
        words = _("Quantity needs 1 ≤ minimum ≤ maximum ≤ 1,000,000 and a step of at least 1.")
        yield _found(f"{at}.quantity", "product.quantity", words, _SKUS)
    if not sku.prices:
        yield _found(f"{at}.prices", "product.no_price", _("This SKU has no price."), _SKUS)
    ways: set[tuple[object, ...]] = set()
    for k, price in enumerate(sku.prices):
        here = f"{at}.prices.{k}"
        if (way := identity(price)) in ways:
            yield _found(here, "product.price_twice", _("There are two prices for the same way to pay."), _MODES)
        ways.add(way)
        if price.charging_mode not in selling.modes:
            words = _("This type of product cannot be sold in this charging mode.")
            yield _found(here, "product.charging_mode", words, _MODES)
            continue
        yield from _shape(price, here)
        yield from _trial(price, sku, selling, here)
        yield from _amounts(price, sku, selling, here)
        yield from _durations(price, here)
        if price.charging.needs:
            yield from _base(price, document, here)


def identity(price: Price) -> tuple[object, ...]:
    """What makes it another price of its SKU: a price that keeps this keeps its productId."""
    return price.charging_mode, price.period_type, price.quota.normalize(), price.trial


def _base(package: Price, document: Document, at: str) -> Iterator[Finding]:
    """What it is deducted from. A push names no factor, so that of two nobody knows which a record is of; and what is priced
    record by record has no price of the part of a record that a package does not cover."""
    on_demand = [other for _spec, _sku, other in document.prices() if other.charging_mode == package.charging.needs]
    counting = [other for other in on_demand if any(factor.unit == package.unit for factor in other.factors)]
    if not counting:
        words = _("A package needs an on-demand price of the same product in the same unit: it is deducted from that.")
        yield _found(at, "product.package_alone", words, _MODES)
    if any(len(other.factors) > 1 for other in counting):
        words = _(
            "A package cannot be deducted from an on-demand price with several factors, since records of usage do not say "
            "which they count: give that price one factor."
        )
        yield _found(at, "product.package_factors", words, _MODES)
    if any(f.model.banded and not f.accumulation for other in counting for f in other.factors):
        words = _(
            "A package cannot be deducted from usage that is priced record by record in tiers or steps: let that usage add up "
            "by the day or month, or give it one price."
        )
        yield _found(at, "product.package_by_record", words, _MODELS)


def _shape(price: Price, at: str) -> Iterator[Finding]:
    mode = price.charging
    if mode.ends != bool(price.period_type and price.period_numbers):
        yield _found(at, "product.period", _("A period price needs a period type and sellable durations."), _MODES)
    if mode.postpaid != bool(price.factors) or len(price.factors) > MOST_FACTORS:
        words = _("A price on demand needs one to five factors that are counted, and no other price has any.")
        yield _found(f"{at}.factors", "product.factors", words, _MODES)
    if (mode.metered and not mode.postpaid) != bool(price.usage_unit.zh and price.usage_unit.en):
        words = _("What is charged by usage needs the unit that is counted, in both languages.")
        yield _found(f"{at}.usage_unit", "product.usage_unit", words, _MODES)
    if mode.quota != (price.quota > 0) or price.quota % FINEST_QUOTA or price.quota > LARGEST_QUOTA:
        words = _("A package needs an amount of usage, with at most four decimals.")
        yield _found(f"{at}.quota", "product.quota", words, _MODES)
    if price.reset not in (RESETS if mode.quota else ("",)):
        yield _found(f"{at}.reset", "product.reset", _("A quota is reset never, each month or each year."), _MODES)
    elif price.reset and price.period_type and price.period_type not in RESETS_WITHIN[price.reset]:
        words = _(
            "A quota that is full again each year needs a package by the year, and each month one by the month or year."
        )
        yield _found(f"{at}.reset", "product.reset", words, _MODES)
    if price.reset and mode.uses:
        yield _found(f"{at}.reset", "product.reset", _("A package of uses is never full again."), _MODES)
    if price.stops_when_used_up and not mode.quota:
        words = _("Only a package of usage can be used up.")
        yield _found(f"{at}.stops_when_used_up", "product.stops", words, _MODES)
    codes = {factor.code for factor in price.factors}
    if len(codes) != len(price.factors):
        yield _found(f"{at}.factors", "product.factor_codes", _("Each factor needs a code of its own."), _MODES)
    for n, factor in enumerate(price.factors):
        yield from _factor(factor, f"{at}.factors.{n}")


def _factor(factor: Factor, at: str) -> Iterator[Finding]:
    if not (factor.unit.zh and factor.unit.en):
        words = _("What is charged by usage needs the unit that is counted, in both languages.")
        yield _found(f"{at}.unit", "product.usage_unit", words, _MODES)
    if factor.cycle not in CYCLES or factor.accumulation not in ACCUMULATIONS:
        words = _("Usage is charged each hour, day or month, and adds up over nothing, a day or a month.")
        yield _found(f"{at}.cycle", "product.cycle", words, _MODES)
    yield from _bands(factor.model, [(b.upto, b.amount) for b in factor.bands], at)
    amounts = [band.amount for band in factor.bands] if factor.model.banded else [factor.amount]
    whole = all(a is not None and 0 <= a < DEAREST and a % FINEST_PRICE == 0 for a in amounts)
    if not whole or not any(amounts):
        words = _("What is charged by usage needs a price above zero.")
        yield _found(f"{at}.amount", "product.usage_price", words, _MODES)


def _trial(price: Price, sku: Sku, selling: Selling, at: str) -> Iterator[Finding]:
    if not price.trial:
        return
    days = price.period_numbers
    if not selling.trial or not any(p.charging_mode == ChargingMode.PERIOD and not p.trial for p in sku.prices):
        words = _("A trial goes with a SKU of a SaaS product that is sold by the month or the year.")
        yield _found(at, "product.trial", words, _TRIAL)
    if price.charging_mode != ChargingMode.PERIOD or price.period_type != "day" or price.amount != 0 or price.bands:
        yield _found(at, "product.trial", _("A trial is for a number of days and costs nothing."), _TRIAL)
    elif len(days) != 1 or days[0] not in TRIAL_DAYS:
        yield _found(f"{at}.period_numbers", "product.trial_days", _("A trial lasts 3 to 180 days."), _TRIAL)


def _amounts(price: Price, sku: Sku, selling: Selling, at: str) -> Iterator[Finding]:
    """What is prepaid is paid in coins: an amount between two would be rounded without a word."""
    if price.charging.postpaid:
        return
    if price.model.banded and sku.quantity is None:
        words = _("Tiers and steps are prices by quantity: give the SKU a quantity, or one fixed price.")
        yield _found(f"{at}.model", "product.bands_alone", words, _MODELS)
    yield from _bands(price.model, [(b.upto, b.amount) for b in price.bands], at)
    for amount in [band.amount for band in price.bands] if price.model.banded else [price.amount]:
        if amount is None:
            yield _found(f"{at}.amount", "product.no_amount", _("Enter a price."), _MODES)
        elif not 0 <= amount <= DEAREST or amount % selling.coin:
            words = _("A price is at least zero and at most %(most)s, and is not finer than the smallest coin.")
            yield _found(f"{at}.amount", "product.amount", words % {"most": f"{DEAREST:,}"}, _MODES)


def _bands(
    model: PriceModel, bands: Sequence[tuple[int | Decimal | None, Decimal | None]], at: str
) -> Iterator[Finding]:
    if not model.banded:
        if bands:
            yield _found(f"{at}.bands", "product.bands", _("A fixed price has no bands."), _MODELS)
        return
    edges = [upto for upto, _amount in bands]
    inner = [edge for edge in edges[:-1] if edge is not None and edge > 0]
    rising = len(inner) == len(edges) - 1 and all(a < b for a, b in pairwise(inner))
    if not 2 <= len(bands) <= MOST_BANDS or not rising or edges[-1] is not None:
        words = _("Tiers and steps are two to ten bands whose upper edges rise; the last has none.")
        yield _found(f"{at}.bands", "product.bands", words, _MODELS)


def _durations(price: Price, at: str) -> Iterator[Finding]:
    numbers = price.period_numbers
    if len(set(numbers)) != len(numbers) or not all(1 <= n <= LONGEST.get(price.period_type, 0) for n in numbers):
        words = _("Sellable durations are different whole numbers from 1 on, of at most ten years.")
        yield _found(f"{at}.period_numbers", "product.durations", words, _MODES)
