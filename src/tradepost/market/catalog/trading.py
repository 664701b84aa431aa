"""An operator freezes the trading of a product, with a cause, and lets it go on.

A frozen product is hidden and not sold, and an order that is under way is not paid; what is in use goes on and can be renewed.
What its seller had hidden stays hidden afterwards (shelf §2).
"""

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

LONGEST_CAUSE = 500
BY_PROBES = "probes:"
"""Begins the cause that is no person's: then the number of failing days. Pages say it in words."""


def freeze(product: Product, *, cause: str, actor: str, now: datetime, failing_days: int = 0) -> None:
    """``failing_days``: of its probes, when they are why. Raises ``Refused`` without a cause, and ``IllegalTransition`` for
    what is not on sale; nothing changed then."""
    cause = checked_words(cause)
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        PRODUCT.move(locked, ProductEvent.FREEZE, now=now, actor=actor, note=cause)
        shelf.refresh(locked)
        outbox.publish(ProductFrozen(product=locked.pk, cause=cause, at=now, failing_days=failing_days), now=now)
    product.status = locked.status


def unfreeze(product: Product, *, actor: str, now: datetime, note: str = "") -> None:
    """Raises ``IllegalTransition`` for what is not frozen."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        PRODUCT.move(locked, ProductEvent.UNFREEZE, now=now, actor=actor, note=note[:LONGEST_CAUSE])
        shelf.refresh(locked)
        outbox.publish(ProductUnfrozen(product=locked.pk, at=now), now=now)
    product.status = locked.status


def checked_words(words: str) -> str:
    """Why something is done to a seller's product: the seller reads it."""
    words = words.strip()
    if not words:
        raise Refused("product.no_reason", _("Say why: the seller reads it."), field="reason")
    if len(words) > LONGEST_CAUSE:
        raise Refused("product.long_reason", _("At most 500 characters."), field="reason")
    return words
