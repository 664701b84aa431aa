"""An operator suspends the sales of a product with a reason, and resumes them.

A suspended product is hidden and not sold, and pending orders cannot be paid; existing services continue and can be
renewed. A product that its seller had hidden stays hidden afterwards (shelf §2)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused

from . import shelf
from .events import ProductFrozen, ProductUnfrozen
from .lifecycle import PRODUCT, ProductEvent
from .models import Product

MAX_CAUSE_LENGTH = 500
PROBES_PREFIX = "probes:"
"""Prefix of an automatic cause, followed by the number of failing days; pages show it as text."""


def freeze(product: Product, *, cause: str, actor: str, now: datetime, failing_days: int = 0) -> None:
    """Suspend sales. ``failing_days``: of its probes, if they are the cause. Raises ``Refused`` without a cause, and
    ``IllegalTransition`` if it is not on sale; nothing changes then."""
    cause = checked_reason(cause)
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        PRODUCT.move(locked, ProductEvent.FREEZE, now=now, actor=actor, note=cause)
        shelf.refresh(locked)
        outbox.publish(ProductFrozen(product=locked.pk, cause=cause, at=now, failing_days=failing_days), now=now)
    product.status = locked.status


def unfreeze(product: Product, *, actor: str, now: datetime, note: str = "") -> None:
    """Resume sales. Raises ``IllegalTransition`` if they are not suspended."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        PRODUCT.move(locked, ProductEvent.UNFREEZE, now=now, actor=actor, note=note[:MAX_CAUSE_LENGTH])
        shelf.refresh(locked)
        outbox.publish(ProductUnfrozen(product=locked.pk, at=now), now=now)
    product.status = locked.status


def checked_reason(reason: str) -> str:
    """Return the reason for an act on a seller's product, which the seller reads. Raises ``Refused`` for an invalid
    one."""
    reason = reason.strip()
    if not reason:
        raise Refused("product.no_reason", _("Enter the reason. The seller can see it."), field="reason")
    if len(reason) > MAX_CAUSE_LENGTH:
        raise Refused("product.long_reason", _("At most 500 characters."), field="reason")
    return reason
