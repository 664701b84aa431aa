"""What a new version may change of the listed one (business-rules §2.8): pure, each finding with its rule.

What is stopped needs no place in a new version. Texts, prices of periods and once, new specs, new SKUs, new periods and new
packages are free.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.utils.translation import gettext as _

from tradepost.market.base.findings import Finding

from .document import Document, Price, Quantity, Sku, Spec
from .sellable import identity

RULE = "business-rules §2.8"


def evolves(listed: Document, draft: Document, *, stopped: Collection[str] = ()) -> Iterator[Finding]:
    """Every way in which ``draft`` may not follow ``listed``. ``stopped``: spec keys, SKU codes and productIds that are not
    sold any more."""
    specs = {spec.key: (i, spec) for i, spec in enumerate(draft.pricing.specs)}
    for old in listed.pricing.specs:
        if old.key in stopped:
            continue
        if old.key not in specs:
            yield _found(
                "specs", "evolves.spec_missing",
                _("“%(name)s” is on sale: a spec that is sold cannot be removed. Stop its sale instead.") % {"name": old.name.zh or old.name.en},
            )  # fmt: skip
            continue
        i, new = specs[old.key]
        yield from _spec(old, new, f"specs.{i}", stopped)


def _found(field: str, code: str, words: str) -> Finding:
    return Finding(section="pricing", field=field, code=code, words=words, rule=RULE)


def _spec(old: Spec, new: Spec, at: str, stopped: Collection[str]) -> Iterator[Finding]:
    skus = {sku.code: (j, sku) for j, sku in enumerate(new.skus)}
    for sku in old.skus:
        if sku.code in stopped:
            continue
        if sku.code not in skus:
            words = _("A combination that is on sale is missing here. Keep it, or stop its sale.")
            yield _found(f"{at}.skus", "evolves.sku_missing", words)
            continue
        j, now = skus[sku.code]
        yield from _quantity(sku.quantity, now.quantity, f"{at}.skus.{j}.quantity")
        yield from _prices(sku, now, f"{at}.skus.{j}", stopped)


def widens(old: Quantity, new: Quantity) -> bool:
    """Whether every quantity that could be bought still can: a wider range on the same grid."""
    return (
        new.step == old.step
        and new.least <= old.least
        and new.most >= old.most
        and (old.least - new.least) % old.step == 0
    )


def _quantity(old: Quantity | None, new: Quantity | None, at: str) -> Iterator[Finding]:
    if old is None and new is None:
        return
    if old is None or new is None:
        words = _("A SKU that is on sale keeps having a quantity, or having none.")
        yield _found(at, "evolves.quantity", words)
    elif not widens(old, new):
        words = _(
            "The range of a quantity may only be widened: from %(least)s to %(most)s in steps of %(step)s, so that what "
            "can be bought now still can."
        )
        yield _found(at, "evolves.range", words % {"least": old.least, "most": old.most, "step": old.step})


def _prices(old: Sku, new: Sku, at: str, stopped: Collection[str]) -> Iterator[Finding]:
    prices = {price.product_id: (k, price) for k, price in enumerate(new.prices)}
    for price in old.prices:
        if price.product_id in stopped or price.trial:
            continue
        if price.product_id not in prices:
            words = _(
                "A way to pay that is on sale is missing here: a billing mode or period may be added, not taken away."
            )
            yield _found(f"{at}.prices", "evolves.price_missing", words)
            continue
        k, now = prices[price.product_id]
        yield from _price(price, now, f"{at}.prices.{k}")


def _price(old: Price, new: Price, at: str) -> Iterator[Finding]:
    if identity(old) != identity(new):
        yield _found(at, "evolves.mode", _("The billing mode of a price that is on sale cannot be changed."))
        return
    if old.model != new.model:
        words = _("The price model of what is on sale cannot be changed: stop this spec and add another.")
        yield _found(f"{at}.model", "evolves.model", words)
    if old.charging.quota and (old.amount, old.period_numbers, old.reset, old.unit, old.stops_when_used_up) != (
        new.amount, new.period_numbers, new.reset, new.unit, new.stops_when_used_up,
    ):  # fmt: skip
        words = _(
            "Price, quota, validity and reset rule of a package that is on sale cannot be changed: add another package."
        )
        yield _found(at, "evolves.package", words)
    factors = {factor.code: factor for factor in new.factors}
    for factor in old.factors:
        now = factors.get(factor.code)
        if now is None or (now.model, now.unit, now.cycle, now.accumulation) != (
            factor.model, factor.unit, factor.cycle, factor.accumulation,
        ):  # fmt: skip
            words = _("What is counted, how often and by which price model cannot be changed while it is on sale.")
            yield _found(f"{at}.factors", "evolves.factor", words)
