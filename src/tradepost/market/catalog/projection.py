"""What orders and searches need of the listed document, as rows: matched by stable ids, written again, never deleted.

Foreign keys of orders and subscriptions stay, whatever a later version says. ``differences`` is the proof: the rows of a listed
product say what its document says, but for what was stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.product_types.acceptance import flow_of
from tradepost.market.product_types.registry import product_type

from .cheapest import first_usage_price
from .document import NONE, Document, Price, Sku, Spec, minor_bands, usage_bands
from .document import Factor as CountedFactor
from .models import Category, Factor, Offer, Product
from .models import Sku as SkuRow
from .models import Spec as SpecRow
from .pictures import clean_svg
from .price_models import unit_price

TEXTS = (
    "name", "name_en", "summary", "summary_en", "description", "description_en", "guide", "guide_en", "picture", "logo",
    "contact_email", "contact_phone", "extend_params", "asks_mobile", "asks_email", "access_by_message", "flow",
)  # fmt: skip
"""Columns of ``Product`` that are the document's."""


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
    """Write the rows of a product anew. The caller holds the product's lock and saves the product itself."""
    for name, value in product_columns(document).items():
        setattr(product, name, value)
    product.category = Category.objects.get(slug=document.base.category)
    offered: set[str] = set()
    for position, spec in enumerate(document.pricing.specs):
        row, _new = SpecRow.objects.update_or_create(
            product=product, key=spec.key, defaults=spec_columns(spec, position)
        )
        for sku in spec.skus:
            sku_row, _new = SkuRow.objects.update_or_create(code=sku.code, spec=row, defaults=sku_columns(sku))
            stopped = row.stopped_at is not None or sku_row.stopped_at is not None
            for price in sku.prices:
                _project_price(sku_row, price, currency, stopped=stopped)
                offered.add(price.product_id)
    Offer.objects.filter(sku__spec__product=product, on_sale=True).exclude(product_id__in=offered).update(on_sale=False)


def _project_price(sku: SkuRow, price: Price, currency: str, *, stopped: bool) -> None:
    # By SKU as well: an id of another product is refused by the constraint instead of being moved here.
    offer, _new = Offer.objects.update_or_create(
        sku=sku, product_id=price.product_id, defaults=offer_columns(price, currency)
    )
    on_sale = not stopped and offer.stopped_at is None
    if offer.on_sale != on_sale:
        Offer.objects.filter(pk=offer.pk).update(on_sale=on_sale)
    for position, factor in enumerate(price.factors):
        Factor.objects.update_or_create(offer=offer, code=factor.code, defaults=factor_columns(factor, position))
    if not price.charging.postpaid:
        return
    gone = Factor.objects.filter(offer=offer).exclude(code__in=[factor.code for factor in price.factors])
    gone.update(removed=True)


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
