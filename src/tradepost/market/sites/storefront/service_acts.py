"""What the buyer of a service can do with it now, as links of its page. Each act is a function that says whether it is offered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.fulfilment.changing import may_change
from tradepost.market.fulfilment.converting import may_convert
from tradepost.market.fulfilment.expiry_policy import has_policy
from tradepost.market.fulfilment.renew_changing import may_renew_changed
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

if TYPE_CHECKING:
    from django.utils.functional import Promise


class Standing(Struct, frozen=True, kw_only=True):
    """``busy``: an order about it is under way or unpaid; there is one at a time, so that a page of another would only say so."""

    subscription: Subscription
    busy: bool
    now: datetime


class ServiceAct(Struct, frozen=True, kw_only=True):
    """``url``: name of a page that takes the key of the service."""

    url: str
    title: str | Promise
    icon: str
    accent: bool = False


def _renew(standing: Standing) -> ServiceAct | None:
    if standing.busy or not may_renew(standing.subscription, now=standing.now):
        return None
    return ServiceAct(url="storefront:renew", title=_("Renew"), icon="refresh", accent=True)


def _policy(standing: Standing) -> ServiceAct | None:
    if not has_policy(standing.subscription):
        return None
    return ServiceAct(url="storefront:policy", title=_("When it ends"), icon="calendar")


def _unsubscribe(standing: Standing) -> ServiceAct | None:
    """Also where nothing is paid back: its page says why."""
    held = standing.subscription
    if held.status not in LIVING:
        return None
    if held.offer.charging.postpaid:
        if by_cloud(held.product.product_type):
            return None  # it ends with its server, on that page
        return ServiceAct(url="storefront:unsubscribe", title=_("End the service"), icon="arrow-back-up")
    return ServiceAct(url="storefront:unsubscribe", title=_("Unsubscribe"), icon="arrow-back-up")


def _formal(standing: Standing) -> ServiceAct | None:
    if standing.busy or not may_convert(standing.subscription, now=standing.now):
        return None
    return ServiceAct(url="storefront:formal", title=_("Make it formal"), icon="certificate", accent=True)


def _change_at_renewal(standing: Standing) -> ServiceAct | None:
    days = config().renewal_change_days
    if standing.busy or not may_renew_changed(standing.subscription, now=standing.now, days_before=days):
        return None
    return ServiceAct(url="storefront:renewal_change", title=_("Renew with a change"), icon="adjustments")


def _change(standing: Standing) -> ServiceAct | None:
    if standing.busy or not may_change(standing.subscription, now=standing.now):
        return None
    return ServiceAct(url="storefront:change", title=_("Change"), icon="adjustments")


ACTS: tuple[Callable[[Standing], ServiceAct | None], ...] = (
    _formal,
    _renew,
    _change_at_renewal,
    _change,
    _policy,
    _unsubscribe,
)
"""In the order of the page."""


def offered(standing: Standing) -> list[ServiceAct]:
    return [act for offer in ACTS if (act := offer(standing)) is not None]
