"""The changes that a new version may make to the listed one (business-rules §2.8). Pure; each finding has its rule.

Stopped parts need not be in the new version. Texts, period and one-time prices, new specs, new SKUs, new periods and
new packages are unrestricted."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.utils.translation import gettext as _

from tradepost.market.base.findings import Finding

from .document import Document, Price, Quantity, Sku, Spec
from .sellable import identity

RULE = "business-rules §2.8"


def check_changes(listed: Document, draft: Document, *, stopped: Collection[str] = ()) -> Iterator[Finding]:
    """Yield each change of ``draft`` that is not allowed after ``listed``. ``stopped``: spec keys, SKU codes and
    productIds that are no longer sold."""
    specs = {spec.key: (index, spec) for index, spec in enumerate(draft.pricing.specs)}
    for listed_spec in listed.pricing.specs:
        if listed_spec.key in stopped:
            continue
        if listed_spec.key not in specs:
            yield _finding(
                "specs", "evolves.spec_missing",
                _(
                    "“%(name)s” is on sale and cannot be removed. Stop its sale instead.") % {"name": listed_spec.name.zh or listed_spec.name.en},
            )  # fmt: skip
            continue
        index, draft_spec = specs[listed_spec.key]
        yield from _spec(listed_spec, draft_spec, f"specs.{index}", stopped)


def _finding(field: str, code: str, words: str) -> Finding:
    return Finding(section="pricing", field=field, code=code, words=words, rule=RULE)


def _spec(listed: Spec, draft: Spec, path: str, stopped: Collection[str]) -> Iterator[Finding]:
    skus = {sku.code: (index, sku) for index, sku in enumerate(draft.skus)}
    for sku in listed.skus:
        if sku.code in stopped:
            continue
        if sku.code not in skus:
            message = _("A combination that is on sale is missing here. Keep it, or stop its sale.")
            yield _finding(f"{path}.skus", "evolves.sku_missing", message)
            continue
        index, draft_sku = skus[sku.code]
        yield from _quantity(sku.quantity, draft_sku.quantity, f"{path}.skus.{index}.quantity")
        yield from _prices(sku, draft_sku, f"{path}.skus.{index}", stopped)


def widens(old: Quantity, new: Quantity) -> bool:
    """Return whether every quantity that could be bought still can: a wider range with the same steps."""
    return (
        new.step == old.step
        and new.least <= old.least
        and new.most >= old.most
        and (old.least - new.least) % old.step == 0
    )


def _quantity(listed: Quantity | None, draft: Quantity | None, path: str) -> Iterator[Finding]:
    if listed is None and draft is None:
        return
    if listed is None or draft is None:
        message = _("You cannot add or remove the quantity of a SKU that is on sale.")
        yield _finding(path, "evolves.quantity", message)
    elif not widens(listed, draft):
        message = _(
            "The quantity range can only be widened: from %(least)s to %(most)s in steps of %(step)s. Quantities "
            "on sale now must remain available."
        )
        yield _finding(
            path, "evolves.range", message % {"least": listed.least, "most": listed.most, "step": listed.step}
        )


def _prices(listed: Sku, draft: Sku, path: str, stopped: Collection[str]) -> Iterator[Finding]:
    prices = {price.product_id: (index, price) for index, price in enumerate(draft.prices)}
    for price in listed.prices:
        if price.product_id in stopped or price.trial:
            continue
        if price.product_id not in prices:
            message = _(
                "A billing option that is on sale is missing. You can add billing modes and periods, but not "
                "remove them."
            )
            yield _finding(f"{path}.prices", "evolves.price_missing", message)
            continue
        index, draft_price = prices[price.product_id]
        yield from _price(price, draft_price, f"{path}.prices.{index}")


def _price(listed: Price, draft: Price, path: str) -> Iterator[Finding]:
    if identity(listed) != identity(draft):
        yield _finding(path, "evolves.mode", _("The billing mode of a price that is on sale cannot be changed."))
        return
    if listed.model != draft.model:
        message = _("The price model of a spec on sale cannot be changed. Stop this spec and add another.")
        yield _finding(f"{path}.model", "evolves.model", message)
    if listed.charging.quota and (
        listed.amount, listed.period_numbers, listed.reset, listed.unit, listed.stops_when_used_up,
    ) != (
        draft.amount, draft.period_numbers, draft.reset, draft.unit, draft.stops_when_used_up,
    ):  # fmt: skip
        message = _(
            "The price, quota, validity and reset rule of a package on sale cannot be changed. Add another package."
        )
        yield _finding(path, "evolves.package", message)
    factors = {factor.code: factor for factor in draft.factors}
    for factor in listed.factors:
        draft_factor = factors.get(factor.code)
        if draft_factor is None or (
            draft_factor.model, draft_factor.unit, draft_factor.cycle, draft_factor.accumulation,
        ) != (
            factor.model, factor.unit, factor.cycle, factor.accumulation,
        ):  # fmt: skip
            message = _(
                "The usage factors, billing cycle and price model cannot be changed while the product is on sale."
            )
            yield _finding(f"{path}.factors", "evolves.factor", message)
