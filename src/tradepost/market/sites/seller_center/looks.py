"""Limit how often a seller may trigger requests to servers: domain proofs and address tests."""

from __future__ import annotations

from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity import limits, throttling

from .frame import SellerRequest


def check_rate(request: SellerRequest) -> None:
    """Raise ``Refused`` (429) above the limit, so that nobody can flood other servers through the market."""
    limit = config().identity.looks_an_hour
    if wait := throttling.count(limits.LOOKS, f"{request.seller.pk}", most=limit, now=clock.wall()):
        words = _("Too many attempts. Try again in an hour.")
        raise Refused("seller.looks_too_often", words, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
