"""The seller that is the market itself: an operator says which (business-rules §6.1)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import moved

from .models import Seller

HISTORY = "seller self-operated"
"""Under which it stands in a seller's history."""


def the_market() -> Seller | None:
    """None until an operator said which it is."""
    return Seller.objects.filter(self_operated=True).first()


def set_self_operated(seller: Seller, *, on: bool, by: str, now: datetime) -> None:
    """From now on the market sells under it, or does not any more. Raises ``Refused`` where another one is."""
    if seller.self_operated == on:
        return
    if on and seller.status != Seller.Status.ACTIVE:
        raise Refused("seller.not_active", _("Only an active seller can be the market's own."))
    try:
        with transaction.atomic():
            Seller.objects.filter(pk=seller.pk).update(self_operated=on)
            moved(seller, HISTORY, "set" if on else "unset", now=now, actor=by)
    except IntegrityError:
        other = the_market()
        raise Refused(
            "seller.another_one",
            _("The market sells under %(seller)s already: end that first.") % {"seller": other.name if other else "–"},
        ) from None
    seller.self_operated = on
