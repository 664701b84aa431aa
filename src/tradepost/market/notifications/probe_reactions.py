"""What sellers and operators are told of the watch over products: an interface that fails its probes, from the first day with
what follows when nothing changes; that it passes again; and too many failed orders (saas-v2 §6, business-rules §7.1, §10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.events import on
from tradepost.market.catalog.events import ProductFrozen
from tradepost.market.catalog.models import Product
from tradepost.market.probes.events import FailedOrdersExceeded, ProbeDayFailed, ProbeSlotEnded
from tradepost.market.probes.serving import applications_of
from tradepost.market.production.models import Address

from . import facts as f
from .reactions import operators, people_of, seller_names
from .tell import Telling, tell_all


def on_slot_ended(event: ProbeSlotEnded, now: datetime) -> None:
    """One telling for a product and a slot, and only of what changed."""
    product = _product(event.product)
    once = f"{product.pk}/{event.day}/{event.half}"
    about: dict[str, Any] = {"failed": str(event.failed), "cases": str(event.cases)}
    if event.verdict == "passed":
        frozen = product.status == Product.Status.FROZEN
        _tell(product, "seller_probe_passed_frozen" if frozen else "seller_probe_passed", about, once, now)
        return
    about |= _first_failure(event)
    if event.freezes_on is None or not event.failing_day:
        _tell(product, "seller_probe_failed", about, once, now)
        return
    about |= {"day": str(event.failing_day), "days": str(event.freeze_days), "date": event.freezes_on.isoformat()}
    _tell(product, "seller_probe_forecast", about, once, now)


def on_day_failed(event: ProbeDayFailed, now: datetime) -> None:
    """Operators learn a day ahead what is to be frozen: somebody may still call the seller."""
    if event.freezes_on is None or event.freezes_on != event.day + timedelta(days=1):
        return
    about = {"days": str(event.streak), "date": event.freezes_on.isoformat()}
    _tell_operators(_product(event.product), "operator_frozen_next", about, f"{event.product}/{event.day}", now)


def on_frozen_by_probes(event: ProductFrozen, now: datetime) -> None:
    """Seller and operators: five failing days (saas-v2 §6)."""
    product, once = _product(event.product), f"{event.product}/{event.at.isoformat()}"
    about = {"days": str(event.failing_days)}
    _tell(product, "seller_frozen_by_probes", about, once, now)
    _tell_operators(product, "operator_frozen_by_probes", about, once, now)


def on_failed_orders_exceeded(event: FailedOrdersExceeded, now: datetime) -> None:
    product, once = _product(event.product), f"{event.product}/{event.month}"
    about = {"orders": str(event.orders), "month": f"{event.month:%Y-%m}"}
    _tell(product, "seller_failed_orders", about, once, now)
    _tell_operators(product, "operator_failed_orders", about, once, now)


def _product(pk: int) -> Product:
    return Product.objects.select_related("seller").get(pk=pk)


def _first_failure(event: ProbeSlotEnded) -> dict[str, Any]:
    """Which call failed, for which application where it was one of joint operation, and why."""
    activity: Any = event.activity or "–"
    if application := applications_of(event.product).get(event.address or 0):
        activity = f.both(
            format_lazy(_("{activity} of the application “{application}”"), activity=activity, application=application)
        )
    return {"activity": activity, "reason": f.verdict(event.reason, _protocol(event))}


def _protocol(event: ProbeSlotEnded) -> str:
    """Of the address where it failed; an event of an earlier release does not name it."""
    told = Address.objects.filter(pk=event.address) if event.address else Address.objects.filter(
        bindings__product=event.product
    )  # fmt: skip
    return told.values_list("protocol", flat=True).first() or ""


def _tell(product: Product, kind: str, about: Mapping[str, Any], once: str, now: datetime) -> None:
    shared = {"product": f.names(product.name, product.name_en), **about}
    link = reverse("seller_center:probes_product", args=[product.pk])
    tell_all(
        [
            Telling(user=user, kind=kind, facts=shared, once=once, link=link, contact=contact, seller=product.seller_id)
            for user, contact in people_of(product.seller)
        ],
        now=now,
    )


def _tell_operators(product: Product, kind: str, about: Mapping[str, Any], once: str, now: datetime) -> None:
    shared = {"product": f.names(product.name, product.name_en), "seller": seller_names(product.seller), **about}
    link = reverse("console:probes")
    tell_all([Telling(user=user, kind=kind, facts=shared, once=once, link=link) for user in operators()], now=now)


REACTIONS = (
    on(ProbeSlotEnded, on_slot_ended),
    on(ProbeDayFailed, on_day_failed),
    on(FailedOrdersExceeded, on_failed_orders_exceeded),
)
"""A part of ``wiring``'s table."""
