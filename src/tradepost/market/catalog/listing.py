"""List a product with its specs, SKUs and offers in one act: used by the seed command and, later, the pages."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import ids
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import charging
from tradepost.market.product_types.registry import product_type

from .models import NONE, Category, Offer, Product, Sku, Spec
from .new_product import ListProduct, NewSpec
from .pictures import clean_svg
from .sellable import check_metered, check_prices

MOST_EXTEND_PARAMS = 3
MOST_SKUS = 100
MOST_UNITS = 1_000_000


def list_product(seller: Seller, command: ListProduct, *, now: datetime, sells_metered: bool = False) -> Product:
    """Store a product as a draft. Raises ``Refused`` with the field that breaks a rule (business-rules §3.2, §3.4).

    ``sells_metered``: whether this market sells what is charged by usage.
    """
    kind = product_type(command.product_type)
    prices = [price for spec in command.specs for sku in spec.skus for price in sku.prices]
    check_prices(prices, kind.charging_modes, command.currency, sells_metered=sells_metered)
    if len(command.extend_params) > MOST_EXTEND_PARAMS:
        raise Refused(
            "product.extend_params", _("A product may ask at most 3 extension parameters."), field="extend_params"
        )
    if not 1 <= sum(len(spec.skus) for spec in command.specs) <= MOST_SKUS:
        raise Refused("product.skus", _("A product needs at least one SKU and may have at most 100."), field="specs")
    with transaction.atomic():
        product = Product.objects.create(
            seller=seller,
            category=Category.objects.get(slug=command.category),
            created_at=now,
            picture=clean_svg(command.picture),
            **{
                name: getattr(command, name)
                for name in (
                    "product_type",
                    "slug",
                    "name",
                    "name_en",
                    "summary",
                    "summary_en",
                    "description",
                    "description_en",
                    "guide",
                    "guide_en",
                    "contact_email",
                    "contact_phone",
                    "extend_params",
                    "asks_mobile",
                    "asks_email",
                    "access_by_message",
                )
            },
        )
        for position, new_spec in enumerate(command.specs):
            _store_spec(product, new_spec, position, command.currency)
    return product


def _store_spec(product: Product, new: NewSpec, position: int, currency: str) -> None:
    spec = Spec.objects.create(
        product=product, name=new.name, name_en=new.name_en, attributes=new.attributes, position=position
    )
    for new_sku in new.skus:
        if not 1 <= new_sku.quantity_min <= new_sku.quantity_max <= MOST_UNITS or new_sku.quantity_step < 1:
            raise Refused(
                "product.quantity",
                _("Quantity needs 1 ≤ minimum ≤ maximum ≤ 1,000,000 and a step of at least 1."),
                field="specs",
            )
        sku = Sku.objects.create(
            spec=spec,
            code=ids.hex_id(),
            values=new_sku.values,
            quantity_name=new_sku.quantity_name,
            quantity_name_en=new_sku.quantity_name_en,
            quantity_min=new_sku.quantity_min,
            quantity_max=new_sku.quantity_max,
            quantity_step=new_sku.quantity_step,
        )
        for price in new_sku.prices:
            postpaid = charging(price.charging_mode).postpaid
            Offer.objects.create(
                sku=sku,
                product_id=ids.offer_id(),
                charging_mode=price.charging_mode,
                period_type=price.period_type,
                price_minor=0 if postpaid else Money.of(price.amount, currency).minor,
                currency=currency,
                period_numbers=list(price.period_numbers),
                usage_unit=price.usage_unit,
                usage_unit_en=price.usage_unit_en,
                usage_price=price.amount if postpaid else NONE,
                quota=price.quota,
            )


def put_on_sale(product: Product, *, now: datetime, sells_metered: bool = False) -> None:
    """Show a product in the store. Raises ``Refused`` when sales were stopped, which cannot be undone, and for what is
    charged by usage unless this market sells that."""
    if product.status == Product.Status.STOPPED:
        raise Refused("product.stopped", _("Sales of this product were stopped for good."))
    for mode in Offer.objects.filter(sku__spec__product=product).values_list("charging_mode", flat=True).distinct():
        check_metered(charging(mode), sells_metered=sells_metered)
    product.status = Product.Status.ON_SALE
    product.listed_at = now
    product.save(update_fields=["status", "listed_at"])
