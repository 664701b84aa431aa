"""Validate the prices of a product: allowed for its type, complete for their charging mode, and billable.

Rules: business-rules §3.2–§3.5. Limits that no section defines follow from the ledger's columns."""

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

MAX_PRICE = 100_000_000
"""In main units: with the largest quantity and the longest duration, the total still fits the ledger's columns."""
MAX_PERIODS = {"": 0, "day": 3650, "month": 120, "year": 10}
"""Maximum number of periods of an order."""
MAX_SKUS = 100
MAX_UNITS = 1_000_000
MAX_BANDS = 10
MAX_FACTORS = 5
TRIAL_DAYS = range(3, 181)
CYCLES = ("hour", "day", "month")
ACCUMULATIONS = ("", "day", "month")
RESETS = ("", "month", "year")
QUOTA_STEP = Decimal("0.0001")
MAX_QUOTA = Decimal(10) ** 11
PRICE_STEP = Decimal("0.00000001")
_MODES = "business-rules §3.2"
_MODELS = "business-rules §3.3"
_SKUS = "business-rules §3.4"
_TRIAL = "business-rules §3.5"


class Selling(Struct, frozen=True):
    """What this market sells: the modes of the product's kind, and its currency."""

    modes: Collection[ChargingMode]
    currency: str
    trial: bool = True
    """Whether this kind of product can have a trial."""

    @property
    def coin(self) -> Decimal:
        return Decimal(1).scaleb(-MINOR_DIGITS[self.currency])


def check_prices(document: Document, selling: Selling) -> None:
    """Raise ``Refused`` with the first finding of ``price_findings``."""
    for finding in price_findings(document, selling):
        raise Refused(finding.code, finding.words, field=finding.field)


def price_findings(document: Document, selling: Selling) -> Iterator[Finding]:
    """Yield every finding on specs, SKUs and prices, in the order of the page."""
    number = sum(len(spec.skus) for spec in document.pricing.specs)
    if not 1 <= number <= MAX_SKUS:
        yield _finding(
            "specs", "product.skus", _("A product needs at least one SKU with a price and may have at most 100."), _SKUS
        )
    for spec_index, spec in enumerate(document.pricing.specs):
        combinations: set[tuple[tuple[str, str], ...]] = set()
        for sku_index, sku in enumerate(spec.skus):
            path = f"specs.{spec_index}.skus.{sku_index}"
            combination = tuple(sorted(sku.values.items()))
            if combination in combinations:
                yield _finding(path, "product.sku_twice", _("The same combination of values appears twice."), _SKUS)
            combinations.add(combination)
            if any(
                sku.values.get(attribute.code) not in {value.code for value in attribute.values}
                for attribute in spec.attributes
            ):
                yield _finding(path, "product.sku_values", _("A SKU must have one value of each attribute."), _SKUS)
            yield from _sku(sku, document, selling, path)
        yield from _uses(spec, selling, f"specs.{spec_index}")


def _uses(spec: Spec, selling: Selling, path: str) -> Iterator[Finding]:
    """A spec with packages of uses counts its usage only at these packages (business-rules §2.5)."""
    prices = [
        (f"{path}.skus.{j}.prices.{k}", price) for j, sku in enumerate(spec.skus) for k, price in enumerate(sku.prices)
    ]
    by_usage = any(price.charging.metered and not price.charging.uses for _at, price in prices)
    for price_path, price in prices:
        if not price.charging.uses:
            continue
        if ChargingMode.ON_DEMAND_PKG not in selling.modes:
            message = _("This type of product does not report usage, so it cannot be sold in packages of uses.")
            yield _finding(price_path, "product.uses_not_counted", message, _MODES)
        elif by_usage:
            message = _("A spec is sold either on demand or in packages of uses. Create another spec for the packages.")
            yield _finding(price_path, "product.uses_and_on_demand", message, "business-rules §2.5")


def _finding(field: str, code: str, words: str, rule: str) -> Finding:
    return Finding(section="pricing", field=field, code=code, words=words, rule=rule)


def _sku(sku: Sku, document: Document, selling: Selling, path: str) -> Iterator[Finding]:
    quantity = sku.quantity
    if quantity is not None and not (1 <= quantity.least <= quantity.most <= MAX_UNITS and quantity.step >= 1):
        message = _("Quantity needs 1 ≤ minimum ≤ maximum ≤ 1,000,000 and a step of at least 1.")
        yield _finding(f"{path}.quantity", "product.quantity", message, _SKUS)
    if not sku.prices:
        yield _finding(f"{path}.prices", "product.no_price", _("This SKU has no price."), _SKUS)
    identities: set[tuple[object, ...]] = set()
    for index, price in enumerate(sku.prices):
        price_path = f"{path}.prices.{index}"
        if (price_identity := identity(price)) in identities:
            yield _finding(price_path, "product.price_twice", _("Two prices have the same billing option."), _MODES)
        identities.add(price_identity)
        if price.charging_mode not in selling.modes:
            message = _("This type of product cannot be sold in this charging mode.")
            yield _finding(price_path, "product.charging_mode", message, _MODES)
            continue
        yield from _shape(price, price_path)
        yield from _trial(price, sku, selling, price_path)
        yield from _amounts(price, sku, selling, price_path)
        yield from _durations(price, price_path)
        if price.charging.needs:
            yield from _base(price, document, price_path)


def identity(price: Price) -> tuple[object, ...]:
    """Return what distinguishes a price of its SKU: a price with the same identity keeps its productId."""
    return price.charging_mode, price.period_type, price.quota.normalize(), price.trial


def _base(package: Price, document: Document, path: str) -> Iterator[Finding]:
    """Check the on-demand price from which a package is deducted. Usage records name no factor, so several factors
    would be ambiguous. A price per record cannot be applied to the part of a record beyond the package."""
    on_demand = [price for _spec, _sku, price in document.prices() if price.charging_mode == package.charging.needs]
    same_unit = [price for price in on_demand if any(factor.unit == package.unit for factor in price.factors)]
    if not same_unit:
        message = _(
            "A package needs an on-demand price of the same product in the same unit, because it covers "
            "on-demand usage."
        )
        yield _finding(path, "product.package_alone", message, _MODES)
    if any(len(price.factors) > 1 for price in same_unit):
        message = _(
            "Packages do not support on-demand prices with several factors, because usage records do not name "
            "the factor. Give the on-demand price only one factor."
        )
        yield _finding(path, "product.package_factors", message, _MODES)
    if any(f.model.banded and not f.accumulation for price in same_unit for f in price.factors):
        message = _(
            "Packages do not support usage that is priced record by record in tiers or steps. Accumulate the "
            "usage daily or monthly, or use a single price."
        )
        yield _finding(path, "product.package_by_record", message, _MODELS)


def _shape(price: Price, path: str) -> Iterator[Finding]:
    mode = price.charging
    if mode.ends != bool(price.period_type and price.period_numbers):
        yield _finding(path, "product.period", _("A period price needs a period type and sellable durations."), _MODES)
    if mode.postpaid != bool(price.factors) or len(price.factors) > MAX_FACTORS:
        message = _("An on-demand price needs one to five usage factors. Other prices must have none.")
        yield _finding(f"{path}.factors", "product.factors", message, _MODES)
    if (mode.metered and not mode.postpaid) != bool(price.usage_unit.zh and price.usage_unit.en):
        message = _("A price by usage needs a unit of measure in both languages.")
        yield _finding(f"{path}.usage_unit", "product.usage_unit", message, _MODES)
    if mode.quota != (price.quota > 0) or price.quota % QUOTA_STEP or price.quota > MAX_QUOTA:
        message = _("A package needs an amount of usage, with at most four decimals.")
        yield _finding(f"{path}.quota", "product.quota", message, _MODES)
    if price.reset not in (RESETS if mode.quota else ("",)):
        yield _finding(f"{path}.reset", "product.reset", _("A quota can reset monthly, yearly or never."), _MODES)
    elif price.reset and price.period_type and price.period_type not in RESETS_WITHIN[price.reset]:
        message = _(
            "A quota that resets yearly needs a yearly package. A quota that resets monthly needs a monthly or "
            "yearly package."
        )
        yield _finding(f"{path}.reset", "product.reset", message, _MODES)
    if price.reset and mode.uses:
        yield _finding(f"{path}.reset", "product.reset", _("A package of uses does not support resets."), _MODES)
    if price.stops_when_used_up and not mode.quota:
        message = _("Only a usage package can stop when it is used up.")
        yield _finding(f"{path}.stops_when_used_up", "product.stops", message, _MODES)
    codes = {factor.code for factor in price.factors}
    if len(codes) != len(price.factors):
        yield _finding(f"{path}.factors", "product.factor_codes", _("Each factor needs a unique code."), _MODES)
    for number, factor in enumerate(price.factors):
        yield from _factor(factor, f"{path}.factors.{number}")


def _factor(factor: Factor, path: str) -> Iterator[Finding]:
    if not (factor.unit.zh and factor.unit.en):
        message = _("A price by usage needs a unit of measure in both languages.")
        yield _finding(f"{path}.unit", "product.usage_unit", message, _MODES)
    if factor.cycle not in CYCLES or factor.accumulation not in ACCUMULATIONS:
        message = _("Usage is charged hourly, daily or monthly. It accumulates daily, monthly or not at all.")
        yield _finding(f"{path}.cycle", "product.cycle", message, _MODES)
    yield from _bands(factor.model, [(b.upto, b.amount) for b in factor.bands], path)
    amounts = [band.amount for band in factor.bands] if factor.model.banded else [factor.amount]
    are_valid = all(amount is not None and 0 <= amount < MAX_PRICE and amount % PRICE_STEP == 0 for amount in amounts)
    if not are_valid or not any(amounts):
        message = _("A price by usage must be above zero.")
        yield _finding(f"{path}.amount", "product.usage_price", message, _MODES)


def _trial(price: Price, sku: Sku, selling: Selling, path: str) -> Iterator[Finding]:
    if not price.trial:
        return
    days = price.period_numbers
    if not selling.trial or not any(
        other_price.charging_mode == ChargingMode.PERIOD and not other_price.trial for other_price in sku.prices
    ):
        message = _("Trials are available only for SKUs of SaaS products sold monthly or yearly.")
        yield _finding(path, "product.trial", message, _TRIAL)
    if price.charging_mode != ChargingMode.PERIOD or price.period_type != "day" or price.amount != 0 or price.bands:
        yield _finding(path, "product.trial", _("A trial is measured in days and must be free."), _TRIAL)
    elif len(days) != 1 or days[0] not in TRIAL_DAYS:
        yield _finding(f"{path}.period_numbers", "product.trial_days", _("A trial lasts 3 to 180 days."), _TRIAL)


def _amounts(price: Price, sku: Sku, selling: Selling, path: str) -> Iterator[Finding]:
    """Prepaid prices must be whole minor units; others would be rounded silently."""
    if price.charging.postpaid:
        return
    if price.model.banded and sku.quantity is None:
        message = _("Tiered and stepped prices depend on the quantity. Give the SKU a quantity or a fixed price.")
        yield _finding(f"{path}.model", "product.bands_alone", message, _MODELS)
    yield from _bands(price.model, [(b.upto, b.amount) for b in price.bands], path)
    for amount in [band.amount for band in price.bands] if price.model.banded else [price.amount]:
        if amount is None:
            yield _finding(f"{path}.amount", "product.no_amount", _("Enter a price."), _MODES)
        elif not 0 <= amount <= MAX_PRICE or amount % selling.coin:
            message = _("A price must be between 0 and %(most)s and a multiple of the smallest currency unit.")
            yield _finding(f"{path}.amount", "product.amount", message % {"most": f"{MAX_PRICE:,}"}, _MODES)


def _bands(
    model: PriceModel, bands: Sequence[tuple[int | Decimal | None, Decimal | None]], path: str
) -> Iterator[Finding]:
    if not model.banded:
        if bands:
            yield _finding(f"{path}.bands", "product.bands", _("A fixed price has no bands."), _MODELS)
        return
    edges = [upto for upto, _amount in bands]
    inner = [edge for edge in edges[:-1] if edge is not None and edge > 0]
    is_rising = len(inner) == len(edges) - 1 and all(lower < upper for lower, upper in pairwise(inner))
    if not 2 <= len(bands) <= MAX_BANDS or not is_rising or edges[-1] is not None:
        message = _(
            "Tiered and stepped prices need two to ten bands with rising upper limits. The last band has no limit."
        )
        yield _finding(f"{path}.bands", "product.bands", message, _MODELS)


def _durations(price: Price, path: str) -> Iterator[Finding]:
    numbers = price.period_numbers
    if len(set(numbers)) != len(numbers) or not all(
        1 <= number <= MAX_PERIODS.get(price.period_type, 0) for number in numbers
    ):
        message = _("Sellable durations must be unique whole numbers of at least 1, up to ten years.")
        yield _finding(f"{path}.period_numbers", "product.durations", message, _MODES)
