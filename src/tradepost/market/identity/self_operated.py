"""The seller that is the market itself, as set by an operator (business-rules §6.1)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move

from .models import Seller

HISTORY = "seller self-operated"
"""Name of the change in a seller's history."""


def market_seller() -> Seller | None:
    """Return the seller, or None if no operator has set it."""
    return Seller.objects.filter(self_operated=True).first()


def set_self_operated(seller: Seller, *, on: bool, by: str, now: datetime) -> None:
    """Set or unset the seller as the market's own. Raises ``Refused`` if another seller is."""
    if seller.self_operated == on:
        return
    if on and seller.status != Seller.Status.ACTIVE:
        raise Refused("seller.not_active", _("Only an active seller can become the market's own seller."))
    try:
        with transaction.atomic():
            Seller.objects.filter(pk=seller.pk).update(self_operated=on)
            record_move(seller, HISTORY, "set" if on else "unset", now=now, actor=by)
    except IntegrityError:
        current_seller = market_seller()
        raise Refused(
            "seller.another_one",
            _("The market already sells under %(seller)s. End that first.")
            % {"seller": current_seller.name if current_seller else "–"},
        ) from None
    seller.self_operated = on
