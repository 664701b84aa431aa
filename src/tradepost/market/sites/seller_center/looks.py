"""How often a seller may have others' servers looked at from here: proofs of domains, tests of addresses."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity import throttling

from .frame import SellerRequest

AN_HOUR = timedelta(hours=1)


def not_too_often(request: SellerRequest) -> None:
    """Raises ``Refused`` (429): the market must not be a way to ask strangers' servers without end."""
    what, most = f"looks of seller {request.seller.pk}", config().looks_an_hour
    if throttling.window(what, most=most, length=AN_HOUR, now=clock.wall()):
        raise Refused("seller.looks_too_often", _("That was asked very often. Try again in an hour."), 429)
