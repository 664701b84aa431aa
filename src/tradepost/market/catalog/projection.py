"""What orders and searches need of the listed document, as rows: matched by stable ids, written again, never deleted.

Foreign keys of orders and subscriptions stay, whatever a later version says. ``differences`` is the proof: the rows of a listed
product say what its document says, but for what was stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db.models import Model, QuerySet

from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.product_types.acceptance import flow_of
from tradepost.market.product_types.registry import product_type

from .cheapest import first_usage_price
from .document import AMOUNT, NONE, Document, Price, Sku, Spec, minor_bands, usage_bands
from .document import Factor as CountedFactor
from .models import Category, Factor, Offer, Product
from .models import Sku as SkuRow
from .models import Spec as SpecRow
from .pictures import clean_svg
from .price_models import unit_price

type _Key = tuple[int, str]
"""What a row is found by: the row that it belongs to, and its stable id there."""
_FOUND_BY: Mapping[type[Model], tuple[str, str]] = {
    SpecRow: ("product_id", "key"),
    SkuRow: ("spec_id", "code"),
    Offer: ("sku_id", "product_id"),
    Factor: ("offer_id", "code"),
}


def product_columns(document: Document) -> dict[str, Any]:
    base, purchase = document.base, document.purchase
    return {
        "name": base.name.zh, "name_en": base.name.en, "summary": base.summary.zh, "summary_en": base.summary.en,
        "description": document.description.body.zh, "description_en": document.description.body.en,
        "guide": document.guide.body.zh, "guide_en": document.guide.body.en,
        "picture": clean_svg(document.media.drawing), "logo": document.media.logo,
        "contact_email": document.support.email, "contact_phone": document.support.phone,
        "extend_params": [
            {"name": p.name, "label": p.label.zh, "label_en": p.label.en, "required": p.required}
            for p in purchase.extend_params
        ],
        "asks_mobile": purchase.asks_mobile, "asks_email": purchase.asks_email,
        "asks_user": purchase.asks_user,
        "access_by_message": purchase.access_by_message,
        "flow": flow_of(product_type(document.product_type), document.details.fields),
    }  # fmt: skip


def spec_columns(spec: Spec, position: int) -> dict[str, Any]:
    return {
        "name": spec.name.zh, "name_en": spec.name.en, "position": position,
        "attributes": [
            {
                "code": a.code, "name": a.name.zh, "name_en": a.name.en,
                "values": [{"code": v.code, "name": v.name.zh, "name_en": v.name.en} for v in a.values],
            }
            for a in spec.attributes
        ],
    }  # fmt: skip


def sku_columns(sku: Sku) -> dict[str, Any]:
    quantity = sku.quantity
    return {
        "values": dict(sku.values),
        "quantity_name": quantity.name.zh if quantity else "", "quantity_name_en": quantity.name.en if quantity else "",
        "quantity_min": quantity.least if quantity else 1, "quantity_max": quantity.most if quantity else 1,
        "quantity_step": quantity.step if quantity else 1,
        "quantity_parameter": quantity.parameter if quantity else AMOUNT,
    }  # fmt: skip


def offer_columns(price: Price, currency: str) -> dict[str, Any]:
    digits = MINOR_DIGITS[currency]
    bands = minor_bands(price, digits)
    amount = int((price.amount or NONE).scaleb(digits))
    return {
        "charging_mode": str(price.charging_mode), "period_type": price.period_type, "currency": currency,
        "price_minor": 0 if price.charging.postpaid else unit_price(price.model, amount, bands),
        "model": str(price.model), "bands": [list(band) for band in bands], "trial": price.trial,
        "period_numbers": list(price.period_numbers), "usage_unit": price.unit.zh, "usage_unit_en": price.unit.en,
        "usage_price": first_usage_price(price.factors[0]) if price.factors else NONE,
        "quota": price.quota, "reset_rule": price.reset, "stops_when_used_up": price.stops_when_used_up,
    }  # fmt: skip


def factor_columns(factor: CountedFactor, position: int) -> dict[str, Any]:
    return {
        "unit": factor.unit.zh, "unit_en": factor.unit.en, "cycle": factor.cycle, "accumulation": factor.accumulation,
        "model": str(factor.model), "price": first_usage_price(factor), "position": position, "removed": False,
        "bands": [[None if upto is None else f"{upto.normalize():f}", f"{each.normalize():f}"] for upto, each in usage_bands(factor)],
    }  # fmt: skip


def project(product: Product, document: Document, *, currency: str) -> None:
    """Write the rows of a product anew: what is there is read at once, and what is new inserted at once, be it one SKU or a hundred.
    The caller holds the product's lock and saves the product itself."""
    for name, value in product_columns(document).items():
        setattr(product, name, value)
    product.category = Category.objects.get(slug=document.base.category)
    sold = document.pricing.specs
    there = _by(SpecRow.objects.filter(product=product))
    specs = _write(SpecRow, there, {(product.pk, spec.key): spec_columns(spec, n) for n, spec in enumerate(sold)})
    rows_of = ((specs[product.pk, spec.key], spec) for spec in sold)
    skus = {(row.pk, sku.code): (row, sku) for row, spec in rows_of for sku in spec.skus}
    rows = _write(
        SkuRow,
        _by(SkuRow.objects.filter(spec__product=product)) if there else {},
        {key: sku_columns(sku) for key, (_, sku) in skus.items()},
    )
    # By SKU as well: an id of another product is refused by the constraint instead of being moved here.
    prices = {(rows[key].pk, price.product_id): price for key, (_, sku) in skus.items() for price in sku.prices}
    stopped = {rows[key].pk for key, (spec, _) in skus.items() if spec.stopped_at or rows[key].stopped_at}
    _project_prices(
        _by(Offer.objects.filter(sku__spec__product=product)) if there else {},
        prices,
        stopped=stopped,
        currency=currency,
    )


def _project_prices(
    there: Mapping[_Key, Offer], prices: Mapping[_Key, Price], *, stopped: Collection[int], currency: str
) -> None:
    """``stopped``: the SKUs whose sales ended, or those of their spec."""
    gone = [offer.pk for key, offer in there.items() if offer.on_sale and key not in prices]
    if gone:
        Offer.objects.filter(pk__in=gone).update(on_sale=False)
    columns = {key: offer_columns(price, currency) for key, price in prices.items()}
    for key, own in columns.items():
        own["on_sale"] = key[0] not in stopped and (key not in there or there[key].stopped_at is None)
    offers = _write(Offer, there, columns)
    _project_factors({offers[key].pk: price for key, price in prices.items() if price.charging.postpaid})


def _project_factors(counted: Mapping[int, Price]) -> None:
    """``counted``: prices on demand, each by its offer."""
    if not counted:
        return
    there = _by(Factor.objects.filter(offer__in=counted))
    wanted = {
        (offer, factor.code): factor_columns(factor, position)
        for offer, price in counted.items()
        for position, factor in enumerate(price.factors)
    }
    gone = [factor.pk for key, factor in there.items() if key not in wanted and not factor.removed]
    if gone:
        Factor.objects.filter(pk__in=gone).update(removed=True)
    _write(Factor, there, wanted)


def _by[Row: Model](rows: QuerySet[Row]) -> dict[_Key, Row]:
    of, by = _FOUND_BY[rows.model]
    return {(getattr(row, of), getattr(row, by)): row for row in rows}


def _write[Row: Model](
    model: type[Row], there: Mapping[_Key, Row], wanted: Mapping[_Key, dict[str, Any]]
) -> dict[_Key, Row]:
    """The rows that are wanted: those that are there with what changed, the others new."""
    of, by = _FOUND_BY[model]
    written: dict[_Key, Row] = {}
    new: list[Row] = []
    for key, columns in wanted.items():
        row = there.get(key)
        if row is None:
            row = model(**{of: key[0], by: key[1]}, **columns)
            new.append(row)
        else:
            changed = [name for name, value in columns.items() if getattr(row, name) != value]
            for name in changed:
                setattr(row, name, columns[name])
            if changed:
                row.save(update_fields=changed)
        written[key] = row
    if new:
        model._default_manager.bulk_create(new)  # noqa: SLF001  # as Django calls it
    return written


def differences(product: Product, document: Document) -> Iterator[str]:
    """Where rows and document disagree; nothing for a product whose projection is right."""
    for name, value in product_columns(document).items():
        if getattr(product, name) != value:
            yield f"product.{name}"
    rows = {row.key: row for row in SpecRow.objects.filter(product=product)}
    offered = set()
    for position, spec in enumerate(document.pricing.specs):
        if spec.key not in rows:
            yield f"spec {spec.key}"
            continue
        yield from _unlike(f"spec {spec.key}", rows[spec.key], spec_columns(spec, position))
        skus = {row.code: row for row in SkuRow.objects.filter(spec=rows[spec.key])}
        for sku in spec.skus:
            if sku.code not in skus:
                yield f"sku {sku.code}"
                continue
            yield from _unlike(f"sku {sku.code}", skus[sku.code], sku_columns(sku))
            yield from _prices(skus[sku.code], sku, rows[spec.key])
            offered |= {price.product_id for price in sku.prices}
    for left in Offer.objects.filter(sku__spec__product=product, on_sale=True).exclude(product_id__in=offered):
        yield f"offer {left.product_id} is on sale"


def _prices(row: SkuRow, sku: Sku, spec: SpecRow) -> Iterator[str]:
    offers = {offer.product_id: offer for offer in Offer.objects.filter(sku=row).prefetch_related("factors")}
    for price in sku.prices:
        offer = offers.get(price.product_id)
        if offer is None:
            yield f"offer {price.product_id}"
            continue
        yield from _unlike(f"offer {offer.product_id}", offer, offer_columns(price, offer.currency))
        if offer.on_sale == any((offer.stopped_at, row.stopped_at, spec.stopped_at)):
            yield f"offer {offer.product_id} on_sale"
        factors = {f.code: f for f in offer.factors.all() if not f.removed}
        if set(factors) != {f.code for f in price.factors}:
            yield f"offer {offer.product_id} factors"
            continue
        for position, factor in enumerate(price.factors):
            yield from _unlike(f"factor {factor.code}", factors[factor.code], factor_columns(factor, position))


def _unlike(where: str, row: object, columns: dict[str, Any]) -> Iterator[str]:
    for name, value in columns.items():
        if getattr(row, name) != value:
            yield f"{where}.{name}"
