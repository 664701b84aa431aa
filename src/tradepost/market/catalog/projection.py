"""Write the rows of the listed document that orders and searches need: matched by stable IDs, updated, never deleted.

Foreign keys of orders and subscriptions stay valid with every later version. ``differences`` verifies the result:
except for stopped parts, the rows of a listed product match its document."""

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
"""Identifies a row: its parent row, and its stable ID there."""
_KEY_COLUMNS: Mapping[type[Model], tuple[str, str]] = {
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
            {"name": param.name, "label": param.label.zh, "label_en": param.label.en, "required": param.required}
            for param in purchase.extend_params
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
                "code": attribute.code, "name": attribute.name.zh, "name_en": attribute.name.en,
                "values": [{"code": value.code, "name": value.name.zh, "name_en": value.name.en} for value in attribute.values],
            }
            for attribute in spec.attributes
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
        "bands": [[None if upto is None else f"{upto.normalize():f}", f"{price.normalize():f}"] for upto, price in usage_bands(factor)],
    }  # fmt: skip


def project(product: Product, document: Document, *, currency: str) -> None:
    """Update the rows of a product: one query reads the rows of a table, and one inserts the new ones, for any number
    of SKUs.

    The caller holds the product's lock and saves the product itself."""
    for name, value in product_columns(document).items():
        setattr(product, name, value)
    product.category = Category.objects.get(slug=document.base.category)
    specs_sold = document.pricing.specs
    existing = _by_key(SpecRow.objects.filter(product=product))
    specs = _write(
        SpecRow,
        existing,
        {(product.pk, spec.key): spec_columns(spec, position) for position, spec in enumerate(specs_sold)},
    )
    rows_of = ((specs[product.pk, spec.key], spec) for spec in specs_sold)
    skus = {(row.pk, sku.code): (row, sku) for row, spec in rows_of for sku in spec.skus}
    rows = _write(
        SkuRow,
        _by_key(SkuRow.objects.filter(spec__product=product)) if existing else {},
        {key: sku_columns(sku) for key, (_, sku) in skus.items()},
    )
    # By SKU as well: the constraint refuses an ID of another product, which would otherwise be moved here.
    prices = {(rows[key].pk, price.product_id): price for key, (_, sku) in skus.items() for price in sku.prices}
    stopped = {rows[key].pk for key, (spec, _) in skus.items() if spec.stopped_at or rows[key].stopped_at}
    _project_prices(
        _by_key(Offer.objects.filter(sku__spec__product=product)) if existing else {},
        prices,
        stopped=stopped,
        currency=currency,
    )


def _project_prices(
    existing: Mapping[_Key, Offer], prices: Mapping[_Key, Price], *, stopped: Collection[int], currency: str
) -> None:
    """``stopped``: the SKUs whose sales, or those of their spec, ended."""
    removed_ids = [offer.pk for key, offer in existing.items() if offer.on_sale and key not in prices]
    if removed_ids:
        Offer.objects.filter(pk__in=removed_ids).update(on_sale=False)
    columns = {key: offer_columns(price, currency) for key, price in prices.items()}
    for key, values in columns.items():
        values["on_sale"] = key[0] not in stopped and (key not in existing or existing[key].stopped_at is None)
    offers = _write(Offer, existing, columns)
    _project_factors({offers[key].pk: price for key, price in prices.items() if price.charging.postpaid})


def _project_factors(counted: Mapping[int, Price]) -> None:
    """``counted``: on-demand prices by offer."""
    if not counted:
        return
    existing = _by_key(Factor.objects.filter(offer__in=counted))
    expected = {
        (offer, factor.code): factor_columns(factor, position)
        for offer, price in counted.items()
        for position, factor in enumerate(price.factors)
    }
    removed_ids = [factor.pk for key, factor in existing.items() if key not in expected and not factor.removed]
    if removed_ids:
        Factor.objects.filter(pk__in=removed_ids).update(removed=True)
    _write(Factor, existing, expected)


def _by_key[Row: Model](rows: QuerySet[Row]) -> dict[_Key, Row]:
    of, by = _KEY_COLUMNS[rows.model]
    return {(getattr(row, of), getattr(row, by)): row for row in rows}


def _write[Row: Model](
    model: type[Row], existing: Mapping[_Key, Row], expected: Mapping[_Key, dict[str, Any]]
) -> dict[_Key, Row]:
    """Return the rows for ``expected``: existing ones with their changes, and new ones."""
    parent_column, key_column = _KEY_COLUMNS[model]
    rows: dict[_Key, Row] = {}
    new_rows: list[Row] = []
    for key, columns in expected.items():
        row = existing.get(key)
        if row is None:
            row = model(**{parent_column: key[0], key_column: key[1]}, **columns)
            new_rows.append(row)
        else:
            changed_columns = [name for name, value in columns.items() if getattr(row, name) != value]
            for name in changed_columns:
                setattr(row, name, columns[name])
            if changed_columns:
                row.save(update_fields=changed_columns)
        rows[key] = row
    if new_rows:
        model._default_manager.bulk_create(new_rows)  # noqa: SLF001  # as Django calls it
    return rows


def differences(product: Product, document: Document) -> Iterator[str]:
    """Yield where rows and document differ; nothing for a correct projection."""
    for name, value in product_columns(document).items():
        if getattr(product, name) != value:
            yield f"product.{name}"
    rows = {row.key: row for row in SpecRow.objects.filter(product=product)}
    offered = set()
    for position, spec in enumerate(document.pricing.specs):
        if spec.key not in rows:
            yield f"spec {spec.key}"
            continue
        yield from _compare(f"spec {spec.key}", rows[spec.key], spec_columns(spec, position))
        skus = {row.code: row for row in SkuRow.objects.filter(spec=rows[spec.key])}
        for sku in spec.skus:
            if sku.code not in skus:
                yield f"sku {sku.code}"
                continue
            yield from _compare(f"sku {sku.code}", skus[sku.code], sku_columns(sku))
            yield from _prices(skus[sku.code], sku, rows[spec.key])
            offered |= {price.product_id for price in sku.prices}
    for offer in Offer.objects.filter(sku__spec__product=product, on_sale=True).exclude(product_id__in=offered):
        yield f"offer {offer.product_id} is on sale"


def _prices(row: SkuRow, sku: Sku, spec: SpecRow) -> Iterator[str]:
    offers = {offer.product_id: offer for offer in Offer.objects.filter(sku=row).prefetch_related("factors")}
    for price in sku.prices:
        offer = offers.get(price.product_id)
        if offer is None:
            yield f"offer {price.product_id}"
            continue
        yield from _compare(f"offer {offer.product_id}", offer, offer_columns(price, offer.currency))
        if offer.on_sale == any((offer.stopped_at, row.stopped_at, spec.stopped_at)):
            yield f"offer {offer.product_id} on_sale"
        factors = {f.code: f for f in offer.factors.all() if not f.removed}
        if set(factors) != {f.code for f in price.factors}:
            yield f"offer {offer.product_id} factors"
            continue
        for position, factor in enumerate(price.factors):
            yield from _compare(f"factor {factor.code}", factors[factor.code], factor_columns(factor, position))


def _compare(path: str, row: object, columns: dict[str, Any]) -> Iterator[str]:
    for name, value in columns.items():
        if getattr(row, name) != value:
            yield f"{path}.{name}"
