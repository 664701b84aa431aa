"""End the sale of a product, a spec or a SKU permanently (business-rules §2.8 delist).

Everything below it ends too. It cannot be undone. Existing services run to their end without renewal, and upgrade
rules that need a stopped SKU lapse."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move

from . import shelf, upgrade_rules
from .events import ProductStopped
from .lifecycle import PRODUCT, VERSION, ProductEvent, VersionEvent
from .models import Offer, Product, Sku, Spec, Version
from .trading import checked_reason


def stop(node: Product | Spec | Sku, *, reason: str, actor: str, now: datetime, by_operator: bool = False) -> Product:
    """End the sale of it and everything below. Return the product. Raises ``Refused``, without a change, without a
    reason, or if it is stopped already or was never on sale."""
    reason = checked_reason(reason)
    with transaction.atomic():
        product = Product.objects.select_for_update(of=("self",)).get(pk=_product_of(node))
        level, key = _name_of(node)
        if isinstance(node, Product):
            PRODUCT.move(product, ProductEvent.STOP, now=now, actor=actor, note=reason)
            listed_versions = Version.objects.select_for_update(of=("self",)).filter(
                product=product, status=Version.Status.LISTED
            )
            VERSION.move_all(list(listed_versions), VersionEvent.END, now=now, actor=actor, note=reason)
            specs, skus = Q(product=product), Q(spec__product=product)
        else:
            _check_sold(product, node)
            specs = Q(pk=node.pk) if isinstance(node, Spec) else Q(pk=None)
            skus = Q(spec=node) if isinstance(node, Spec) else Q(pk=node.pk)
            record_move(
                product, "controls", f"stop {level}", now=now, actor=actor, note=f"{_display_name(node)}: {reason}"
            )
        _stop_rows(specs, skus, now)
        upgrade_rules.recheck(product, now=now)
        shelf.refresh(product)
        outbox.publish(
            ProductStopped(product=product.pk, what=level, key=key, reason=reason, by_operator=by_operator, at=now),
            now=now,
        )
    return product


def _stop_rows(specs: Q, skus: Q, now: datetime) -> None:
    """Stop the rows, locking them in the order of their keys; rows stopped before keep their time."""
    Spec.objects.filter(specs, pk__in=_locked(Spec, specs), stopped_at=None).update(stopped_at=now)
    sku_ids = _locked(Sku, skus)
    Sku.objects.filter(pk__in=sku_ids, stopped_at=None).update(stopped_at=now)
    offer_ids = _locked(Offer, Q(sku__in=sku_ids))
    Offer.objects.filter(pk__in=offer_ids, stopped_at=None).update(stopped_at=now, on_sale=False)


def _locked(model: type[Spec | Sku | Offer], condition: Q) -> list[int]:
    rows = model._default_manager.select_for_update(of=("self",)).filter(condition).order_by("pk")  # noqa: SLF001
    return list(rows.values_list("pk", flat=True))


def stopped_of(products: Collection[int]) -> dict[int, frozenset[str]]:
    """Return by product the specs, SKUs and offers that are stopped, in three queries. Products without any are left
    out."""
    ended = Q(stopped_at__isnull=False)
    by_product: dict[int, set[str]] = {}
    for rows in (
        Spec.objects.filter(ended, product__in=products).values_list("product", "key"),
        Sku.objects.filter(ended, spec__product__in=products).values_list("spec__product", "code"),
        Offer.objects.filter(ended, sku__spec__product__in=products).values_list("sku__spec__product", "product_id"),
    ):
        for product, name in rows:
            by_product.setdefault(product, set()).add(name)
    return {product: frozenset(names) for product, names in by_product.items()}


def _product_of(node: Product | Spec | Sku) -> int:
    match node:
        case Product():
            return node.pk
        case Spec():
            return node.product_id
        case Sku():
            return node.spec.product_id


def _name_of(node: Product | Spec | Sku) -> tuple[str, str]:
    match node:
        case Product():
            return "product", ""
        case Spec():
            return "spec", node.key
        case Sku():
            return "sku", node.code


def _display_name(node: Spec | Sku) -> str:
    return node.name if isinstance(node, Spec) else node.code


def _check_sold(product: Product, node: Spec | Sku) -> None:
    if product.status not in {Product.Status.ON_SALE, Product.Status.FROZEN}:
        raise Refused("product.stopped", _("Sales of this product have ended permanently."))
    current = type(node)._default_manager.get(pk=node.pk)  # noqa: SLF001  # under the product's lock
    if current.stopped_at is not None:
        raise Refused("delist.stopped", _("Sales have already ended."))
