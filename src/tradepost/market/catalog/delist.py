"""Stop the sale of a product, a spec or a SKU for good (business-rules §2.8 delist).

It takes everything below with it, cannot be undone, and leaves what was sold as it is: services run to their end, and are not
renewed. Upgrade rules that need what was stopped lapse.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import moved

from . import shelf, upgrade_rules
from .events import ProductStopped
from .lifecycle import PRODUCT, VERSION, ProductEvent, VersionEvent
from .models import Offer, Product, Sku, Spec, Version
from .trading import checked_words


def stop(node: Product | Spec | Sku, *, reason: str, actor: str, now: datetime, by_operator: bool = False) -> Product:
    """Stop it and everything below. Raises ``Refused`` without a reason, for what is stopped already and for what was never
    on sale; nothing changed then. Gives the product."""
    reason = checked_words(reason)
    with transaction.atomic():
        product = Product.objects.select_for_update(of=("self",)).get(pk=_product_of(node))
        what, key = _name_of(node)
        if isinstance(node, Product):
            PRODUCT.move(product, ProductEvent.STOP, now=now, actor=actor, note=reason)
            listed = Version.objects.select_for_update(of=("self",)).filter(
                product=product, status=Version.Status.LISTED
            )
            VERSION.move_all(list(listed), VersionEvent.END, now=now, actor=actor, note=reason)
            specs, skus = Q(product=product), Q(spec__product=product)
        else:
            _check_sold(product, node)
            specs = Q(pk=node.pk) if isinstance(node, Spec) else Q(pk=None)
            skus = Q(spec=node) if isinstance(node, Spec) else Q(pk=node.pk)
            moved(product, "controls", f"stop {what}", now=now, actor=actor, note=f"{_shown(node)}: {reason}")
        _stop_rows(specs, skus, now)
        upgrade_rules.recheck(product, now=now)
        shelf.refresh(product)
        outbox.publish(
            ProductStopped(product=product.pk, what=what, key=key, reason=reason, by_operator=by_operator, at=now),
            now=now,
        )
    return product


def _stop_rows(specs: Q, skus: Q, now: datetime) -> None:
    """Each is locked by its id; what was stopped before keeps its time."""
    Spec.objects.filter(specs, pk__in=_locked(Spec, specs), stopped_at=None).update(stopped_at=now)
    own = _locked(Sku, skus)
    Sku.objects.filter(pk__in=own, stopped_at=None).update(stopped_at=now)
    offers = _locked(Offer, Q(sku__in=own))
    Offer.objects.filter(pk__in=offers, stopped_at=None).update(stopped_at=now, on_sale=False)


def _locked(model: type[Spec | Sku | Offer], which: Q) -> list[int]:
    rows = model._default_manager.select_for_update(of=("self",)).filter(which).order_by("pk")  # noqa: SLF001
    return list(rows.values_list("pk", flat=True))


def stopped_of(products: Collection[int]) -> dict[int, frozenset[str]]:
    """The same for many, in three queries; products of which everything is sold are left out."""
    ended = Q(stopped_at__isnull=False)
    found: dict[int, set[str]] = {}
    for rows in (
        Spec.objects.filter(ended, product__in=products).values_list("product", "key"),
        Sku.objects.filter(ended, spec__product__in=products).values_list("spec__product", "code"),
        Offer.objects.filter(ended, sku__spec__product__in=products).values_list("sku__spec__product", "product_id"),
    ):
        for product, name in rows:
            found.setdefault(product, set()).add(name)
    return {product: frozenset(names) for product, names in found.items()}


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


def _shown(node: Spec | Sku) -> str:
    return node.name if isinstance(node, Spec) else node.code


def _check_sold(product: Product, node: Spec | Sku) -> None:
    if product.status not in {Product.Status.ON_SALE, Product.Status.FROZEN}:
        raise Refused("product.stopped", _("Sales of this product were stopped for good."))
    again = type(node)._default_manager.get(pk=node.pk)  # noqa: SLF001  # under the product's lock
    if again.stopped_at is not None:
        raise Refused("delist.stopped", _("Sales of this have ended already."))
